from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, true, update

from starledger.ingest.surveys import Release, UnknownDataRelease
from starledger.ingest.withdrawals import (
    NothingToWithdraw,
    change_data_release,
    change_spectra,
    spectra_named,
)
from starledger.schema.asof import withdrawn
from starledger.schema.database import Database
from starledger.schema.tables import ClosedRun, Run, Spectrum, Withdrawal
from tests.schema.small_survey import SmallSurvey

pytestmark = pytest.mark.integration

RELEASE = Release("lamost", "dr5", "v1", "main")


@pytest.fixture
def small(ledger: Database) -> SmallSurvey:
    with ledger.engine().begin() as connection:
        return SmallSurvey(connection)


def gone(ledger: Database, run_id: int) -> set[str]:
    """Return the identifiers of the spectra that are withdrawn as of a run."""
    taken = withdrawn(Withdrawal.spectrum_id, Spectrum.spectrum_id, run_id)
    with ledger.engine().connect() as connection:
        return set(connection.scalars(select(Spectrum.external_id).where(taken)))


def test_a_visit_is_taken_back_and_restored(ledger: Database, small: SmallSurvey) -> None:
    number = small.ids["visit_1"]
    out = change_spectra(ledger.engine(), [number, number], "satellite", "withdrawn")
    back = change_spectra(ledger.engine(), [number], "it was not", "restored")
    again = change_spectra(ledger.engine(), [number], "it was", "withdrawn")
    assert (out.n_done, back.n_done, again.n_done) == (1, 1, 1)
    assert gone(ledger, out.run_id - 1) == set()
    assert gone(ledger, out.run_id) == {"visit_1"}
    assert gone(ledger, back.run_id) == set()
    assert gone(ledger, again.run_id) == {"visit_1"}


def test_what_is_so_already_gets_no_row(ledger: Database, small: SmallSurvey) -> None:
    engine = ledger.engine()
    one, two = small.ids["visit_1"], small.ids["visit_2"]
    change_spectra(engine, [one], "satellite", "withdrawn")
    done = change_spectra(engine, [one, two], "both", "withdrawn")
    assert (done.n_done, done.n_already) == (1, 1)
    with pytest.raises(NothingToWithdraw, match="withdrawn already"):
        change_spectra(engine, [one, two], "both", "withdrawn")
    with pytest.raises(NothingToWithdraw, match="restored already"):
        change_spectra(engine, [small.ids["visit_3"]], "both", "restored")


def test_the_run_says_what_was_done(ledger: Database, small: SmallSurvey) -> None:
    done = change_spectra(ledger.engine(), [small.ids["visit_1"]], "satellite", "withdrawn")
    with ledger.engine().connect() as connection:
        run = connection.execute(select(Run.__table__).where(Run.run_id == done.run_id)).one()
        closed = connection.execute(
            select(ClosedRun.__table__).where(ClosedRun.run_id == done.run_id)
        ).one()
        (row,) = connection.execute(select(Withdrawal.__table__)).all()
    assert (run.kind, closed.outcome, closed.summary["n_done"]) == ("withdrawal", "done", 1)
    assert (row.action, row.reason, row.run_id) == ("withdrawn", "satellite", done.run_id)


def test_spectra_are_found_by_the_surveys_identifier(ledger: Database, small: SmallSurvey) -> None:
    with ledger.engine().begin() as connection:
        found = spectra_named(connection, RELEASE, ["visit_2", "visit_1"])
        assert found == sorted([small.ids["visit_1"], small.ids["visit_2"]])
        with pytest.raises(NothingToWithdraw, match="identifier nowhere; nothing was changed"):
            spectra_named(connection, RELEASE, ["visit_2", "nowhere"])


def test_all_versions_of_a_spectrum_are_found(ledger: Database, small: SmallSurvey) -> None:
    with ledger.engine().begin() as connection:
        small.connection = connection
        later = small.ingest("later", "lamost_dr5", "spectra")
        small.shard("lamost_lrs", later)
        connection.execute(
            update(Spectrum)
            .where(Spectrum.spectrum_id == small.ids["visit_1"])
            .values(valid_to_run_id=later)
        )
        first = small.ids["visit_1"]
        second = small.spectrum("visit_1", "lamost_lrs", "lamost_dr5", later, 0, version=2)
        assert spectra_named(connection, RELEASE, ["visit_1"]) == sorted([first, second])


@pytest.mark.parametrize("numbers", [[10**12], [-1]])
def test_an_unknown_number_changes_nothing(
    numbers: list[int], ledger: Database, small: SmallSurvey
) -> None:
    with pytest.raises(NothingToWithdraw, match="no spectrum with the number"):
        change_spectra(ledger.engine(), [small.ids["visit_1"], *numbers], "x", "withdrawn")
    assert gone(ledger, 10**9) == set()


def test_a_reason_is_needed(ledger: Database, small: SmallSurvey) -> None:
    with pytest.raises(NothingToWithdraw, match="--reason"):
        change_spectra(ledger.engine(), [small.ids["visit_1"]], " ", "withdrawn")


def test_a_data_release_is_taken_back(ledger: Database, small: SmallSurvey) -> None:
    def is_gone(run_id: int) -> Any:
        taken = withdrawn(Withdrawal.data_release_id, small.ids["lamost_dr5"], run_id)
        with ledger.engine().connect() as connection:
            return connection.scalar(select(true()).where(taken))

    done = change_data_release(ledger.engine(), RELEASE, "calibration lamps", "withdrawn")
    assert is_gone(done.run_id)
    assert not is_gone(done.run_id - 1)
    with pytest.raises(NothingToWithdraw):
        change_data_release(ledger.engine(), RELEASE, "again", "withdrawn")
    unknown = Release("lamost", "dr5", "v1", "spectra")
    with pytest.raises(UnknownDataRelease):
        change_data_release(ledger.engine(), unknown, "again", "withdrawn")
