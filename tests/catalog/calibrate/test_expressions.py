"""SQL steps and NumPy give the same numbers, to the bit, whatever the calibrations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from starledger.catalog.calibrate.bases import NaturalSpline
from starledger.catalog.calibrate.expressions import needs_snr, steps
from starledger.catalog.calibrate.forms import BadCalibration, Calibration, apply
from starledger.catalog.calibrate.populations import BOUNDARIES
from tests.conftest import Server

pytestmark = pytest.mark.integration

LABELS = ("teff", "logg", "fe_h", "mg_fe")
RANGES = {"teff": (3000.0, 8000.0), "logg": (-1.0, 6.0), "fe_h": (-3.0, 1.0), "mg_fe": (-1.0, 1.0),
          "visit_snr": (0.0, 500.0)}  # fmt: skip


@pytest.fixture(scope="module")
def plain(server: Server) -> Iterator[Connection]:
    """Return a connection to an empty database: the steps need no tables."""
    with server.database() as database, database.engine().connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


def by_sql(
    connection: Connection, raw: dict[str, np.ndarray], calibrations: Sequence[Calibration]
) -> dict[str, np.ndarray]:
    """Return labels, errors and what was held, as PostgreSQL computes them."""
    names = list(raw)
    arrays = ", ".join(f"CAST(:{name} AS {_type(name)}[])" for name in names)
    laterals = " ".join(
        f"CROSS JOIN LATERAL (SELECT {step.sql} AS {step.column}) AS s{i}"
        for i, step in enumerate(steps(LABELS, calibrations))
    )
    wanted = [f"{word}{name}" for name in LABELS for word in ("", "err_", "held_")]
    query = (
        f"SELECT {', '.join(map(_wide, wanted))} FROM unnest({arrays}) WITH ORDINALITY"
        f" AS r ({', '.join(names)}, place) {laterals} ORDER BY place"
    )
    given = {
        name: [None if np.isnan(value) else float(value) for value in values]
        for name, values in raw.items()
    }
    rows = connection.execute(text(query), given).all()
    return {name: np.array([row[i] for row in rows]) for i, name in enumerate(wanted)}


def _wide(name: str) -> str:
    # What passes through is real, and would come out as its shortest decimal.
    return name if name.startswith("held_") else f"{name}::double precision"


def _type(name: str) -> str:
    # Labels and errors are real in the tables; two of them are double here to see both.
    return "double precision" if name in ("raw_teff", "raw_logg") else "real"


def by_numpy(
    raw: dict[str, np.ndarray], calibrations: Sequence[Calibration]
) -> dict[str, np.ndarray]:
    done = apply(
        {name: raw[f"raw_{name}"] for name in LABELS},
        {name: raw[f"raw_err_{name}"] for name in LABELS},
        calibrations,
        snr=raw["snr"],
        n_visits=raw["n_visits"],
    )
    found: dict[str, np.ndarray] = {}
    for name in LABELS:
        found |= {name: done.labels[name], f"err_{name}": done.errors[name],
                  f"held_{name}": done.held[name]}  # fmt: skip
    return found


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    for name, values in one.items():
        if name.startswith("held_"):
            assert values.tolist() == other[name].tolist(), name
        else:
            np.testing.assert_array_equal(values.astype(float), other[name], err_msg=name)


def finite(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False).map(lambda x: x if abs(x) > 1e-20 else 0.0)


@st.composite
def calibration(draw: st.DrawFn, number: int, label: str, order: int) -> Calibration:
    corrects = draw(st.sampled_from(["label", "label", "error"]))
    form = draw(st.sampled_from(["constant", "polynomial", "spline"]))
    count = {"constant": 0, "spline": 1}.get(form) or draw(st.integers(1, 3))
    count = 0 if form == "constant" else count
    names = [*LABELS, "visit_snr"] if corrects == "error" else ["teff", "logg", label, "visit_snr"]
    variables = tuple(draw(st.permutations(list(dict.fromkeys(names))))[:count])
    definition: dict[str, Any] = {"boundary": draw(st.sampled_from(BOUNDARIES))}
    low, high = None, None
    if variables:
        ends = sorted(draw(st.tuples(*[finite(*RANGES[variables[0]])] * 2)))
        low, high = draw(st.sampled_from([(ends[0], ends[1] + 1.0), (None, None), (ends[0], None)]))
    if len(variables) > 1:
        definition["ranges"] = {variables[1]: list(RANGES[variables[1]])}
    coefficients: tuple[float, ...]
    if form == "polynomial":
        powers = draw(st.lists(st.lists(st.integers(0, 1), min_size=count, max_size=count),
                               min_size=1, max_size=4))  # fmt: skip
        powers[0][0] = draw(st.integers(0, 2))
        if count == 1:
            powers = [[power] for power in range(draw(st.integers(1, 4)))]
        definition |= {
            "powers": powers,
            "pivots": [draw(finite(*RANGES[name])) for name in variables],
            "scales": [draw(st.sampled_from([1.0, 1000.0, 0.3])) for _ in variables],
        }
        coefficients = tuple(draw(finite(-1.0, 1.0)) for _ in powers)
    elif form == "spline":
        assert variables
        width = draw(st.integers(3, 6))
        knots = np.linspace(*RANGES[variables[0]], width) + draw(finite(-0.3, 0.3))
        values = np.array([draw(finite(-1.0, 1.0)) for _ in knots])
        shape = NaturalSpline(tuple(knots.tolist()))
        found = shape.parameters(values, np.eye(width))
        definition |= found.definition
        coefficients = tuple(found.coefficients.tolist())
    else:
        coefficients = (draw(finite(-1.0, 1.0)),)
    if corrects == "error":
        floor = draw(st.booleans())
        definition |= {"least": 0.0, "quadrature": True} if floor else {"least": 0.1}
    return Calibration(
        number, f"c{number}", 1, label, corrects,
        draw(st.sampled_from(["all", "dwarf", "giant"])), form, variables,
        draw(st.sampled_from(["raw", "calibrated"])) if label in ("mg_fe", "fe_h") else "raw",
        order, coefficients, definition, low, high,
        draw(st.sampled_from(["hold", "nothing", "null"])),
    )  # fmt: skip


@st.composite
def chains(draw: st.DrawFn) -> list[Calibration]:
    chosen = draw(st.lists(st.sampled_from(LABELS), min_size=1, max_size=5))
    return [
        draw(calibration(number, label, chosen[:number].count(label) + 1))
        for number, label in enumerate(chosen, 1)
    ]


def stars(seed: int) -> dict[str, np.ndarray]:
    """Return raw columns of stars, some values missing, some far out."""
    rng = np.random.default_rng(seed)
    count = 60
    raw: dict[str, np.ndarray] = {}
    for name in LABELS:
        low, high = RANGES[name]
        values = rng.uniform(low - 0.2 * (high - low), high + 0.2 * (high - low), count)
        raw[f"raw_{name}"] = values if name == "teff" else values.astype(np.float32).astype(float)
        raw[f"raw_err_{name}"] = rng.uniform(0.01, 1, count).astype(np.float32).astype(float)
    raw["snr"] = rng.uniform(1, 900, count).astype(np.float32).astype(float)
    raw["n_visits"] = rng.integers(1, 6, count).astype(float)
    for name in [name for name in raw if name != "n_visits"]:
        raw[name][rng.random(count) < 0.08] = np.nan
    raw["raw_teff"][0], raw["raw_logg"][0] = 5200.0, 4.18  # on Wheeler's corner
    raw["raw_teff"][1], raw["raw_logg"][1] = 5400.0, 4.0
    return raw


@settings(
    max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(calibrations=chains(), seed=st.integers(0, 1000))
def test_sql_and_numpy_agree_to_the_bit(
    plain: Connection, calibrations: list[Calibration], seed: int
) -> None:
    raw = stars(seed)
    assert_same(by_sql(plain, raw, calibrations), by_numpy(raw, calibrations))


@settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_reads_back_as_it_was(plain: Connection, value: float) -> None:
    from starledger.catalog.calibrate.formula import Number

    found = plain.execute(text(f"SELECT {Number(value).sql()}".replace(":", "\\:"))).scalar_one()
    assert (found, np.signbit(found)) == (value, np.signbit(value))


def one(**more: Any) -> Calibration:
    given: dict[str, Any] = {
        "calibration_id": 1, "name": "trend", "version": 1, "label": "mg_fe",
        "corrects": "label", "population": "all", "form": "polynomial", "variables": ("teff",),
        "inputs": "raw", "application_order": 1, "coefficients": (0.1, 0.0),
        "definition": {"pivots": [5000.0], "scales": [1000.0]}, "valid_low": 4500.0,
        "valid_high": 7000.0, "outside": "hold",
    }  # fmt: skip
    return Calibration(**given | more)


@pytest.mark.parametrize(
    ("outside", "expected", "held"),
    [("hold", -0.05, True), ("nothing", 0.0, False), ("null", np.nan, False)],
)
def test_beyond_its_range(plain: Connection, outside: str, expected: float, held: bool) -> None:
    raw = {name: np.array([0.125]) for name in stars(1)}
    raw |= {"raw_teff": np.array([4000.0]), "raw_mg_fe": np.array([0.0])}
    found = by_numpy(raw, [one(outside=outside)])
    assert found["held_mg_fe"].tolist() == [held]
    np.testing.assert_allclose(found["mg_fe"], [expected])
    assert_same(by_sql(plain, raw, [one(outside=outside)]), found)


def test_errors_multiply_and_vanish_with_their_label(plain: Connection) -> None:
    raw = {name: np.array([0.25, 0.25, np.nan]) for name in stars(1)}
    raw["raw_teff"] = np.array([5000.0, np.nan, 5000.0])
    factor = one(calibration_id=2, name="factor", corrects="error", form="constant", variables=(),
                 coefficients=(2.0,), definition={}, valid_low=None, valid_high=None)  # fmt: skip
    found = by_numpy(raw, [one(), factor])
    np.testing.assert_array_equal(found["err_mg_fe"], [0.5, np.nan, np.nan])
    np.testing.assert_array_equal(found["err_teff"], [0.25, 0.25, np.nan])
    assert_same(by_sql(plain, raw, [one(), factor]), found)


def test_a_star_of_no_known_population_gets_no_value(plain: Connection) -> None:
    raw = {name: np.array([0.0, 0.0, 0.0]) for name in stars(1)}
    raw["raw_teff"] = np.array([5000.0, 6000.0, 5000.0])
    raw["raw_logg"] = np.array([np.nan, np.nan, 2.5])
    found = by_numpy(raw, [one(population="dwarf")])
    np.testing.assert_allclose(found["mg_fe"], [np.nan, 0.1, 0.0])
    assert_same(by_sql(plain, raw, [one(population="dwarf")]), found)


def test_calibrated_inputs_are_those_after_all_corrections_of_the_other_label() -> None:
    shift = one(name="shift", calibration_id=2, label="teff", form="constant", variables=(),
                coefficients=(500.0,), definition={}, valid_low=None, valid_high=None)  # fmt: skip
    raw = {name: np.array([0.0]) for name in stars(1)} | {"raw_teff": np.array([5000.0])}
    for inputs, expected in (("raw", 0.0), ("calibrated", 0.05)):
        found = by_numpy(raw, [one(inputs=inputs), shift])
        np.testing.assert_allclose(found["mg_fe"], [expected])
        assert found["teff"].tolist() == [5500.0]


def test_corrections_of_a_label_follow_each_other_in_their_order() -> None:
    first = one(variables=("mg_fe",), coefficients=(1.0, 0.0), definition={}, valid_low=None,
                valid_high=None)  # fmt: skip
    second = one(calibration_id=2, name="second", variables=("mg_fe",), inputs="calibrated",
                 application_order=2, coefficients=(10.0, 0.0), definition={}, valid_low=None,
                 valid_high=None)  # fmt: skip
    raw = {name: np.array([0.5]) for name in stars(1)}
    assert by_numpy(raw, [second, first])["mg_fe"].tolist() == [11.0]


def test_the_last_steps_are_the_labels() -> None:
    found = [step.column for step in steps(LABELS, [one(), one(calibration_id=2, name="b",
                                                          application_order=2)])]  # fmt: skip
    last = [f"{word}{name}" for name in LABELS for word in ("", "err_", "held_")]
    assert found[-len(last) :] == last
    assert len(set(found)) == len(found)
    assert needs_snr([one(variables=("visit_snr",))])
    assert not needs_snr([one()])


REFUSED = [
    ([one(label="si_fe")], "needs si_fe, which is not among the labels"),
    ([one(), one(calibration_id=2, version=2)], "Two versions of one calibration"),
    ([one(), one(calibration_id=2, name="b")], "to the same stars in one order"),
    (
        [
            one(inputs="calibrated"),
            one(
                calibration_id=2, name="b", label="teff", variables=("mg_fe",), inputs="calibrated"
            ),
        ],
        "go round in a circle",
    ),
    (
        [
            one(population="dwarf"),
            one(calibration_id=2, name="b", population="giant", definition={"boundary": "wheeler"}),
        ],
        "to the same stars in one order",
    ),
]


@pytest.mark.parametrize(("calibrations", "said"), REFUSED)
def test_what_cannot_be_applied_together_is_refused(
    calibrations: list[Calibration], said: str
) -> None:
    with pytest.raises(BadCalibration, match=said):
        steps(LABELS, calibrations)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"coefficients": ()}, "no coefficients"),
    ({"variables": ("teff", "teff"), "definition": {"powers": [[1, 0], [0, 1]]}}, "twice"),
    ({"coefficients": (np.nan, 0.0)}, "not finite"),
    ({"coefficients": (1e-40, 0.0)}, "not from 1e-30"),
    ({"variables": ()}, "not every variable has pivot|has a variable"),
    ({"definition": {"powers": [[5], [0]]}}, "more than degree 4"),
    ({"definition": {"powers": [[1, 0], [0, 0]]}}, "a power of each variable"),
    ({"form": "spline", "definition": {"knots": [1.0, 2.0]}}, "four coefficients"),
    (
        {"form": "spline", "definition": {"knots": [2.0, 1.0]}, "coefficients": (0.0,) * 4},
        "do not rise",
    ),
    ({"definition": {"ranges": {"logg": [1, 2]}}}, "name no variable"),
    ({"form": "constant"}, "one coefficient"),
]


@pytest.mark.parametrize(("more", "said"), BAD)
def test_a_bad_calibration_is_refused(more: dict[str, Any], said: str) -> None:
    with pytest.raises(BadCalibration, match=said):
        one(**more)
