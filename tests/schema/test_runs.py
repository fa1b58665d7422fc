from __future__ import annotations

import logging
import sys
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError

from starledger import __version__
from starledger.schema.database import Database
from starledger.schema.journal import begin_journal
from starledger.schema.runs import close_run, open_run, running
from starledger.schema.tables import (
    ClosedRun,
    DataRelease,
    IngestRun,
    Instrument,
    Run,
    RunKind,
    Shard,
    Survey,
)

pytestmark = pytest.mark.integration


def closed(ledger: Database) -> list[tuple[Any, ...]]:
    """Return what is known of the ends of runs."""
    query = select(ClosedRun.run_id, ClosedRun.outcome, ClosedRun.message, ClosedRun.summary)
    with ledger.engine().connect() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(ClosedRun.run_id))]


@pytest.fixture
def data_release(ledger: Database) -> int:
    with ledger.engine().begin() as connection:
        survey = connection.execute(
            insert(Survey).returning(Survey.survey_id), {"name": "lamost", "title": "LAMOST"}
        ).scalar_one()
        return connection.execute(
            insert(DataRelease).returning(DataRelease.data_release_id),
            {"survey_id": survey, "name": "dr5"},
        ).scalar_one()


def test_a_run_says_what_began_it(
    ledger: Database, data_release: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sys, "argv", ["starledger", "--database", "postgresql://me:hush@h/s", "a b"]
    )
    with ledger.engine().begin() as connection:
        run_id = open_run(
            connection, RunKind.INGEST, data_release_id=data_release, content="spectra"
        )
        run = connection.execute(select(Run.__table__).where(Run.run_id == run_id)).one()
        of_kind = connection.execute(select(IngestRun.__table__)).one()
    assert (run.kind, run.software_version) == ("ingest", __version__)
    assert run.command == "starledger --database postgresql://me:***@h/s 'a b'"
    assert "@" in run.operator
    assert (of_kind.run_id, of_kind.data_release_id) == (run_id, data_release)
    assert closed(ledger) == []


def test_runs_of_all_kinds_share_one_sequence(ledger: Database, data_release: int) -> None:
    with ledger.engine().begin() as connection:
        first = open_run(connection, RunKind.WITHDRAWAL)
        second = open_run(
            connection, RunKind.INGEST, data_release_id=data_release, content="catalog"
        )
    assert second > first


def test_a_run_that_ends_well_is_done(ledger: Database) -> None:
    with running(ledger.engine(), RunKind.WITHDRAWAL) as run:
        run.summary["rows"] = 3
        run.message = "Withdrew 3 rows."
        assert closed(ledger) == []
    assert closed(ledger) == [(run.run_id, "done", "Withdrew 3 rows.", {"rows": 3})]


def test_a_run_that_raises_has_failed_with_its_reason(ledger: Database) -> None:
    def fail() -> None:
        with running(ledger.engine(), RunKind.WITHDRAWAL) as run:
            run.summary["rows"] = 2
            raise ValueError("no such star")

    with pytest.raises(ValueError, match="no such star"):
        fail()
    assert closed(ledger) == [(1, "failed", "no such star", {"rows": 2})]


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_run_stays_open(interrupt: type[BaseException], ledger: Database) -> None:
    with pytest.raises(interrupt), running(ledger.engine(), RunKind.WITHDRAWAL):
        raise interrupt
    with ledger.engine().connect() as connection:
        assert len(connection.scalars(select(Run.run_id)).all()) == 1
    assert closed(ledger) == []


def test_a_run_is_closed_once(ledger: Database) -> None:
    with running(ledger.engine(), RunKind.WITHDRAWAL) as run:
        pass
    with (
        pytest.raises(DBAPIError, match="pk_closed_run"),
        ledger.engine().begin() as connection,
    ):
        close_run(connection, run.run_id, "failed")


def test_no_row_is_added_to_a_closed_run(ledger: Database, data_release: int) -> None:
    about = {"data_release_id": data_release, "content": "spectra"}
    with running(ledger.engine(), RunKind.INGEST, **about) as run:
        pass
    with ledger.engine().begin() as connection:
        instrument = connection.execute(
            insert(Instrument).returning(Instrument.instrument_id),
            {
                "survey_id": 1,
                "name": "lrs",
                "arms": ["full"],
                "wavelength_min": 3700,
                "wavelength_max": 9000,
                "wavelength_medium": "vacuum",
                "resolving_power": 1800,
            },
        ).scalar_one()
    shard = {
        "run_id": run.run_id,
        "instrument_id": instrument,
        "path": "a.shard",
        "sha256": "0" * 64,
        "n_spectra": 1,
        "n_pixels": 1,
        "grid_kind": "log10",
        "grid_start": 3700,
        "grid_step": 1e-4,
        "wavelength_medium": "vacuum",
    }
    with pytest.raises(DBAPIError, match="is closed"), ledger.engine().begin() as connection:
        connection.execute(insert(Shard), shard)


def test_messages_inside_carry_the_number_of_the_run(
    ledger: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    begin_journal("info", "json")
    with running(ledger.engine(), RunKind.WITHDRAWAL) as run:
        logging.getLogger("starledger.tests").info("inside")
    logging.getLogger("starledger.tests").info("outside")
    inside, outside = capsys.readouterr().err.splitlines()
    assert f'"run": {run.run_id}' in inside
    assert '"run"' not in outside
