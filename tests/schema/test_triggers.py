"""What the triggers refuse on every table, and what they do by themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from starledger.schema.database import Database
from starledger.schema.runs import close_run
from starledger.schema.tables import RejectedRow, Withdrawal, metadata
from starledger.schema.triggers import RUN_COLUMNS, WORK_TABLES, versioned_tables
from tests.schema.many_models import ManyModels

pytestmark = pytest.mark.integration

TABLES = sorted(table.name for table in metadata.tables.values())
APPEND_ONLY = [name for name in TABLES if name not in WORK_TABLES]


def test_only_work_changes_in_place() -> None:
    assert set(TABLES) - set(APPEND_ONLY) == {"work", "lease", "fit_tally"}


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("change", ["UPDATE", "DELETE", "TRUNCATE"])
def test_append_only_tables_refuse(table: str, change: str, connection: Connection) -> None:
    column = list(metadata.tables[f"ledger.{table}"].columns)[-1].name
    statement = {
        "UPDATE": f"UPDATE ledger.{table} SET {column} = {column}",
        "DELETE": f"DELETE FROM ledger.{table}",
        "TRUNCATE": f"TRUNCATE ledger.{table} CASCADE",
    }[change]
    with pytest.raises(DBAPIError, match=r"never changed|may only be closed") as refused:
        connection.execute(text(statement))
    assert refused.value.orig is not None
    assert getattr(refused.value.orig, "sqlstate", None) == "23001"


@pytest.mark.parametrize("change", ["UPDATE ledger.{} SET flags = 0", "TRUNCATE ledger.{} CASCADE"])
def test_partitions_refuse_too(change: str, connection: Connection, many: ManyModels) -> None:
    partition = f"fit_of_{many.ids['boss_net']}"
    with pytest.raises(DBAPIError, match="never changed"):
        connection.execute(text(change.format(partition)))


def test_every_table_with_rows_of_a_run_is_listed() -> None:
    """A table that refers to a run of its own refuses rows once that run is closed."""
    listed = set(RUN_COLUMNS)
    assert set(versioned_tables()) <= listed
    owned = {
        table.name
        for table in metadata.tables.values()
        for key in table.primary_key
        if key.name.endswith("_run_id") and table.name not in WORK_TABLES
    }
    assert owned <= listed


def test_tables_refuse_rows_of_a_closed_run(connection: Connection) -> None:
    made = connection.execute(
        text(
            "SELECT tgrelid::regclass::text, rtrim(encode(tgargs, 'escape'), '\\0')"
            " FROM pg_trigger WHERE tgfoid = 'ledger.refuse_closed_run'::regproc"
        )
    ).all()
    assert {tuple(row) for row in made} == {
        (f"ledger.{table}", column) for table, column in RUN_COLUMNS.items()
    }


@pytest.mark.parametrize(
    ("table", "run"),
    [
        ("shard", "lamost_spectra"),
        ("rejected_row", "lamost_spectra"),
        ("withdrawal", "withdraw_model"),
        ("star", "merge"),
    ],
)
def test_a_row_of_a_closed_run_is_refused(table: str, run: str, many: ManyModels) -> None:
    number = many.runs[run]
    add: dict[str, Callable[[], None]] = {
        "shard": lambda: many.shard("apogee", number),
        "rejected_row": lambda: many.add(
            RejectedRow, run_id=number, path="late.fits", reason="late"
        ),
        "withdrawal": lambda: many.add(
            Withdrawal,
            run_id=number,
            action="withdrawn",
            reason="late",
            model_id=many.ids["boss_net"],
        ),
        "star": lambda: many.star("late", number),
    }
    with pytest.raises(DBAPIError, match=f"{table} is refused: run {number} is closed"):
        add[table]()


def test_closing_waits_for_the_run_s_writers(ledger: Database) -> None:
    """A run is not closed while a transaction still writes rows of it."""
    with ledger.engine().begin() as connection:
        many = ManyModels(connection)
    writer = ledger.engine().connect()
    many.connection = writer
    many.fit("dd_payne_lamost", "visit_3", many.runs["fit_open"])

    def close() -> None:
        with ledger.engine().begin() as closing:
            close_run(closing, many.runs["fit_open"])

    closer = threading.Thread(target=close)
    closer.start()
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock'"
    )
    with ledger.engine().connect() as watcher:
        while not watcher.scalar(waiting):
            assert closer.is_alive(), "the run was closed beneath its writer"
            watcher.rollback()
    writer.commit()
    closer.join(timeout=60)
    with pytest.raises(DBAPIError, match="is closed"):
        many.fit("dd_payne_lamost", "visit_other", many.runs["fit_open"])
    writer.rollback()
    writer.close()
