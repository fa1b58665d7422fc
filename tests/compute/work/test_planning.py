from __future__ import annotations

import pytest

from starledger.compute.work.planning import (
    BadSelection,
    Selection,
    close_finished,
    open_fit_runs,
)
from tests.compute.work.conftest import N_VISITS, Desk


def test_what_is_fitted_or_waits_is_not_planned_again(desk: Desk) -> None:
    first = desk.plan(Selection(where="snr >= 50"))
    # visit_1 and visit_other are fitted; visit_2 is withdrawn, and visit_3 is too faint.
    assert (first.fitted, first.waiting) == (2, 0)
    assert first.planned == first.selected - first.fitted == N_VISITS // 2
    assert desk.states() == {"pending": first.planned}
    second = desk.plan()
    assert (second.fitted, second.waiting, second.planned) == (3, N_VISITS // 2, N_VISITS // 2)
    third = desk.plan()
    assert third.planned == 0
    assert third.fit_run_id is None
    with desk.database.engine().begin() as connection:
        runs = open_fit_runs(connection, desk.model, desk.config)
    assert runs == [first.fit_run_id, second.fit_run_id]


def test_a_dry_run_only_counts(desk: Desk) -> None:
    found = desk.plan(dry_run=True)
    assert (found.planned, found.fit_run_id) == (N_VISITS, None)
    assert desk.states() == {}


@pytest.mark.parametrize(
    ("selection", "planned"),
    [
        (Selection(where="snr < 10"), N_VISITS // 10),
        (Selection(where="external_id LIKE 'more_1%' AND mjd_mid::int > 0"), 200),
        (Selection(where="star_id IS NOT NULL"), 0),
        (Selection(limit=0), 0),
        (Selection(limit=7), 7),
        (Selection(data_release="dr5"), N_VISITS),
        (Selection(data_release="dr5:v1", limit=3), 3),
        (Selection(kind="coadd"), 1),
        (Selection(spectrum_ids=[]), 0),
    ],
)
def test_selections(desk: Desk, selection: Selection, planned: int) -> None:
    assert desk.plan(selection).planned == planned


def test_visits_can_be_given_by_number(desk: Desk) -> None:
    number = desk.one("SELECT spectrum_id FROM ledger.spectrum WHERE external_id = 'more_500'")
    assert isinstance(number, int)
    assert desk.plan(Selection(spectrum_ids=[number, 10**15])).planned == 1


@pytest.mark.parametrize(
    "where", ["snr >", "colour = 'red'", "true); DROP TABLE ledger.work; --", "snr", "1 = 1 --"]
)
def test_bad_conditions_are_named(desk: Desk, where: str) -> None:
    with pytest.raises(BadSelection) as caught:
        desk.plan(Selection(where=where))
    assert where in str(caught.value)
    assert "--where" in str(caught.value.remedy)
    assert desk.states() == {}


def test_unknown_data_releases_are_named(desk: Desk) -> None:
    with pytest.raises(BadSelection, match="no data release 'dr99'") as caught:
        desk.plan(Selection(data_release="dr99"))
    assert "dr5:v1" in str(caught.value.remedy)


def test_only_finished_runs_are_closed(desk: Desk) -> None:
    run = desk.run()
    for left in (True, False):
        with desk.database.engine().begin() as connection:
            assert close_finished(connection, run) is not left
        desk.do("DELETE FROM ledger.work WHERE fit_run_id = :run", run=run)
    assert desk.one("SELECT outcome FROM ledger.closed_run WHERE run_id = :run", run=run) == "done"
