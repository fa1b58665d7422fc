"""A calibration as a formula: what a row of the table means, and its effect on arrays of labels.

Forms, and what their ``definition`` holds:

constant
    One coefficient.
polynomial
    A sum of terms, each a coefficient times powers of the variables, of which ``pivots`` are
    subtracted and which are divided by ``scales``. ``powers`` lists the powers of each term, a
    number a variable; without it a polynomial of one variable falls from its highest power to the
    constant.
spline
    Cubic pieces of one variable between ``knots``; the coefficients are those of scipy's ``PPoly``,
    interval by interval, the cubic one first, in the distance from the knot below. Beyond the outer
    knots the outer pieces go on.

Any form may have ``boundary`` (between dwarfs and giants, see `populations`), ``ranges`` (of
further variables, name to [low, high]) and, for errors, ``least`` (the smallest factor) or
``quadrature`` (true: no factor, but an error of its own that is added in quadrature).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from starledger.catalog.calibrate.formula import BoolArray, FloatArray
from starledger.schema.errors import StarledgerError
from starledger.schema.tables import Calibration as CalibrationRow

SMALLEST, LARGEST, HIGHEST_DEGREE = 1e-30, 1e30, 4
"""Coefficients, and degrees of terms, with which no star's labels overflow or underflow: there
PostgreSQL would refuse the whole query."""
_SCALES = (1e-3, 1e6)
_CUBIC = 4
"""Coefficients of a piece of a spline."""


class BadCalibration(StarledgerError):
    """A calibration that cannot be applied."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A correction of one label or its error; the fields are the columns of its row.

    Examples
    --------
    >>> trend = Calibration(7, "mg_fe_trend", 1, "mg_fe", "label", "all", "polynomial", ("teff",),
    ...     "raw", 1, (0.02, 0.0), {"pivots": [5000.0], "scales": [1000.0]}, 4000.0, 7000.0, "hold")
    >>> trend.title
    'mg_fe_trend:1'
    """

    calibration_id: int
    name: str
    version: int
    label: str
    corrects: str
    population: str
    form: str
    variables: tuple[str, ...]
    inputs: str
    application_order: int
    coefficients: tuple[float, ...]
    definition: Mapping[str, Any] = field(default_factory=dict)
    valid_low: float | None = None
    valid_high: float | None = None
    outside: str = "hold"

    def __post_init__(self) -> None:
        for refused, why in _faults(self):
            if refused:
                raise BadCalibration(
                    f"The calibration {self.title} cannot be applied: {why}.",
                    remedy="Derive it anew, or leave it out.",
                )

    @property
    def title(self) -> str:
        """Its name and version."""
        return f"{self.name}:{self.version}"

    @property
    def is_floor(self) -> bool:
        """Whether it is an error that is added in quadrature, rather than a factor."""
        return bool(self.definition.get("quadrature", False))

    @property
    def powers(self) -> tuple[tuple[int, ...], ...]:
        """The powers of each term of a polynomial."""
        falling = [[power] for power in reversed(range(len(self.coefficients)))]
        return tuple(tuple(term) for term in self.definition.get("powers", falling))

    @property
    def ranges(self) -> dict[str, tuple[float | None, float | None]]:
        """The range of each variable that has one."""
        given = {name: tuple(ends) for name, ends in self.definition.get("ranges", {}).items()}
        if self.variables and (self.valid_low, self.valid_high) != (None, None):
            given[self.variables[0]] = (self.valid_low, self.valid_high)
        return given


def _faults(one: Calibration) -> list[tuple[bool, str]]:
    """Return what could be wrong with a calibration, and whether it is."""
    count, variables = len(one.coefficients), len(one.variables)
    knots = one.definition.get("knots", [])
    sizes = [abs(value) for value in one.coefficients if value]
    shifts = [one.definition.get(word, [0.0] * variables) for word in ("pivots", "scales")]
    faults = [
        (not count, "it has no coefficients"),
        (len(set(one.variables)) < variables, "it names a variable twice"),
        (not np.isfinite(one.coefficients).all(), "a coefficient is not finite"),
        (
            any(not SMALLEST <= size <= LARGEST for size in sizes),
            f"a coefficient is not 0 and not from {SMALLEST:g} to {LARGEST:g}",
        ),
        (any(len(each) != variables for each in shifts), "not every variable has pivot and scale"),
        (any(name not in one.variables for name in one.ranges), "its ranges name no variable"),
        (one.is_floor and one.corrects != "error", "only errors are added in quadrature"),
    ]
    match one.form:
        case "constant":
            faults += [(variables > 0 or count != 1, "a constant is one coefficient")]
        case "polynomial":
            faults += _faults_of_polynomial(one)
        case _:
            faults += [
                (variables != 1, "a spline has one variable"),
                (
                    count != _CUBIC * (len(knots) - 1),
                    "it has not four coefficients a knot interval",
                ),
                (any(b <= a for a, b in itertools.pairwise(knots)), "its knots do not rise"),
            ]
    return faults


def _faults_of_polynomial(one: Calibration) -> list[tuple[bool, str]]:
    low, high = _SCALES
    return [
        (not one.variables, "a polynomial has a variable"),
        (len(one.powers) != len(one.coefficients), "not every coefficient has its powers"),
        (
            any(len(term) != len(one.variables) or min(term) < 0 for term in one.powers),
            "not every term has a power of each variable",
        ),
        (
            any(sum(term) > HIGHEST_DEGREE for term in one.powers),
            f"a term is of more than degree {HIGHEST_DEGREE}",
        ),
        (
            any(not low <= abs(scale) <= high for scale in one.definition.get("scales", [])),
            f"a scale is not from {low:g} to {high:g}",
        ),
    ]


def load(connection: Connection, calibration_ids: Sequence[int]) -> list[Calibration]:
    """Return calibrations by their numbers, in that order.

    Raises
    ------
    BadCalibration
        There is none of a number, or one cannot be applied.
    """
    names = [each.name for each in fields(Calibration)]
    query = select(*(getattr(CalibrationRow, name) for name in names)).where(
        CalibrationRow.calibration_id.in_(calibration_ids)
    )
    found = {row.calibration_id: _of_row(row._asdict()) for row in connection.execute(query)}
    missing = [number for number in calibration_ids if number not in found]
    if missing:
        raise BadCalibration(
            f"There is no calibration number {missing[0]}.",
            remedy="`starledger calibrate list` shows all.",
        )
    return [found[number] for number in calibration_ids]


def _of_row(row: dict[str, Any]) -> Calibration:
    for name in ("variables", "coefficients"):
        row[name] = tuple(row[name])
    return Calibration(**row)


@dataclass(frozen=True, slots=True)
class Calibrated:
    """Labels after their calibrations; what is missing is NaN.

    Parameters
    ----------
    labels, errors
        By label, each in its own unit.
    held
        By label, where a calibration of the label was held at the end of its range.
    """

    labels: dict[str, FloatArray]
    errors: dict[str, FloatArray]
    held: dict[str, BoolArray]


def apply(
    labels: Mapping[str, FloatArray],
    errors: Mapping[str, FloatArray],
    calibrations: Sequence[Calibration],
    *,
    snr: FloatArray | None = None,
    n_visits: FloatArray | None = None,
) -> Calibrated:
    """Apply calibrations to labels; the same arithmetic as that of `expressions.steps`.

    Parameters
    ----------
    labels, errors
        Raw labels and their standard errors, each in its own unit, NaN where missing.
    calibrations
        What is applied; the order in which they come does not matter.
    snr, n_visits
        Signal-to-noise ratios a pixel of all visits together, where a calibration depends on that
        of a visit, and how many visits; without, one.

    Raises
    ------
    BadCalibration
        They cannot be applied together, or need a label that is not given.

    Examples
    --------
    >>> offset = Calibration(
    ...     1, "offset", 1, "fe_h", "label", "all", "constant", (), "raw", 1, (0.05,)
    ... )
    >>> labels, errors = {"fe_h": np.array([-0.1, np.nan])}, {"fe_h": np.array([0.02, 0.02])}
    >>> after = apply(labels, errors, [offset])
    >>> after.labels["fe_h"], after.errors["fe_h"]
    (array([-0.05,   nan]), array([0.02,  nan]))
    """
    from starledger.catalog.calibrate.chain import formulas

    columns = {f"raw_{name}": np.asarray(values, float) for name, values in labels.items()}
    columns |= {f"raw_err_{name}": np.asarray(errors[name], float) for name in labels}
    if snr is not None:
        columns["snr"] = np.asarray(snr, float)
        columns["n_visits"] = np.asarray(1 if n_visits is None else n_visits, float)
    rows = np.broadcast_shapes(*(values.shape for values in columns.values()))
    made: dict[str, Any] = dict(columns)
    with np.errstate(all="ignore"):  # where a branch is not taken, its value does not matter
        for name, formula in formulas(tuple(labels), calibrations):
            made[name] = np.broadcast_to(formula.over(made), rows)
    return Calibrated(
        {name: made[name] for name in labels},
        {name: made[f"err_{name}"] for name in labels},
        {name: made[f"held_{name}"] for name in labels},
    )
