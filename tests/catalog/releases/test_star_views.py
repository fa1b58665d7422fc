"""Columns of stars where labels and what stands beside them have like names."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from starledger.catalog.releases.building import build
from starledger.catalog.releases.checking import check
from starledger.catalog.releases.star_views import label_of
from starledger.schema.tables import Combination, CombinationInput, CombinationRun, RunKind
from tests.catalog.releases.growing import Growing

pytestmark = pytest.mark.integration


@pytest.fixture
def built(connection: Connection, growing: Growing) -> Connection:
    """Return a connection with the views of a release of BOSS Net, whose labels have a velocity."""
    growing.connection = connection
    table = CombinationRun.__table__
    first = connection.execute(
        table.select().where(table.c.run_id == growing.runs["combination"])
    ).one()
    about = {
        **{
            name: value for name, value in first._asdict().items() if name not in ("run_id", "kind")
        },
        "model_id": growing.ids["boss_net"],
        "quality_run_id": None,
    }
    run = growing.open("combination_boss", RunKind.COMBINATION, **about)
    growing.add(CombinationInput, combination_run_id=run, fit_run_id=growing.runs["fit_boss_net"])
    visit = growing.ids["boss_visit"]
    values = growing.combination_values(
        run,
        labels=[6000.0, 4.0, -0.5, 42.0],
        label_flags=[0, 0, 128, 1],
        rv=7.0,
        n_visits=1,
        n_nights=1,
        best_spectrum_id=visit,
        spectrum_ids=[visit],
    )
    growing.add(Combination, **values)
    growing.close("combination_boss")
    draft = growing.draft("dr9", models=("boss_net",), combinations=(run,), calibrations=())
    build(connection, check(connection, draft))
    return connection


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
