"""Columns of stars where labels and what stands beside them have like names."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, text

from starledger.catalog.releases.building import build
from starledger.catalog.releases.checking import check
from starledger.catalog.releases.star_views import label_of
from starledger.schema.flags import Scope, mask
from starledger.schema.tables import Combination, CombinationInput, RunKind
from tests.catalog.releases.growing import Growing

pytestmark = pytest.mark.integration


def combined(growing: Growing, connection: Connection, model: str, **values: Any) -> int:
    """Return a new combination run of a model, with one star of one visit."""
    growing.connection = connection
    about = {
        name: value
        for name, value in growing.combination_run(connection)._asdict().items()
        if name not in ("run_id", "kind")
    }
    about |= {"model_id": growing.ids[model], "quality_run_id": None}
    run = growing.open("combination_more", RunKind.COMBINATION, **about)
    growing.add(CombinationInput, combination_run_id=run, fit_run_id=growing.runs[f"fit_{model}"])
    used = [values["best_spectrum_id"]]
    row = growing.combination_values(run, spectrum_ids=used, n_visits=1, n_nights=1, **values)
    growing.add(Combination, **row)
    growing.close("combination_more")
    return run


@pytest.fixture
def built(connection: Connection, growing: Growing) -> Connection:
    """Return a connection with the views of a release of BOSS Net, whose labels have a velocity."""
    run = combined(
        growing, connection, "boss_net", labels=[6000.0, 4.0, -0.5, 42.0],
        label_flags=[0, 0, 128, 1], rv=7.0, best_spectrum_id=growing.ids["boss_visit"],
    )  # fmt: skip
    draft = growing.draft("dr9", models=("boss_net",), combinations=(run,), calibrations=())
    build(connection, check(connection, draft))
    return connection


@pytest.mark.parametrize(
    ("teff", "logg", "held"),
    [(8000.0, 4.4, True), (6999.0, 4.4, False), (4000.0, 4.4, True), (4000.0, 1.0, False)],
)
def test_a_label_got_the_correction_of_the_edge_of_a_range(
    teff: float, logg: float, held: bool, connection: Connection, growing: Growing
) -> None:
    """The calibration is for dwarfs from 4500 to 7000 K; a giant is none of its business."""
    run = combined(
        growing, connection, "payne_lamost", labels=[teff, logg, 0.0, 0.0],
        best_spectrum_id=growing.ids["visit_1"],
    )  # fmt: skip
    build(connection, check(connection, growing.draft("dr9", combinations=(run,))))
    query = "SELECT calibration_held, bits_mg_fe, bits_teff, mg_fe FROM dr9.star"
    star = connection.execute(text(query)).one()
    assert star.calibration_held == held
    assert star.bits_mg_fe == (mask(Scope.LABEL, "calibration_held") if held else 0)
    assert star.bits_teff == 0
    at = min(max(teff, 4500.0), 7000.0)
    expected = 1e-9 * at**2 - 1e-5 * at + 0.05 if logg > 4 else 0.0
    assert star.mg_fe == pytest.approx(expected, rel=1e-6)


def test_a_label_rv_stands_before_the_velocity_of_the_fit(built: Connection) -> None:
    (star,) = built.execute(text("SELECT rv, err_rv, raw_rv, bits_rv FROM dr9.star")).all()
    assert tuple(star) == pytest.approx((42.0, 0.05, 42.0, 1))
    assert built.scalars(text("SELECT rv FROM dr9.fit")).all() == [12.0]


def test_what_a_model_declares_comes_from_the_best_visit(built: Connection) -> None:
    assert built.scalars(text("SELECT noise_teff FROM dr9.star")).all() == [1.0]


def test_a_label_is_reliable_unless_its_gradient_is_not(built: Connection) -> None:
    row = built.execute(text("SELECT flag_teff, flag_fe_h, flag_rv FROM dr9.star")).one()
    assert tuple(row) == (1, 0, 1)


@pytest.mark.parametrize(
    ("output", "label"),
    [("gradcorr_mg_fe", "mg_fe"), ("chi2_na_fe", "na_fe"), ("chi2_na", None), ("mg_fe", None)],
)
def test_a_declared_column_may_belong_to_a_label(output: str, label: str | None) -> None:
    assert label_of(output) == label
