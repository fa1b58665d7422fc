"""What the rows of a run add up to is kept when it is closed."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from starledger.schema.checksums import sum_query, sums
from starledger.schema.seals import SEALED, seal_missing, seals_of
from starledger.schema.tables import RunKind
from starledger.schema.triggers import RUN_COLUMNS
from tests.schema.many_models import ManyModels

pytestmark = pytest.mark.integration


def sealed(connection: Connection, run: int) -> dict[str, int]:
    """Return how many rows of each table a run has sealed."""
    query = "SELECT table_name, row_count FROM ledger.run_seal WHERE run_id = :run"
    rows = connection.execute(text(query), {"run": run})
    return {row.table_name: row.row_count for row in rows}


def test_a_closed_run_is_sealed_with_all_tables_that_it_wrote(
    connection: Connection, many: ManyModels
) -> None:
    assert sealed(connection, many.runs["fit_payne_lamost"]) == {"fit": 4}
    combined = sealed(connection, many.runs["combination"])
    assert set(combined) == {"combination", "combination_input"}
    assert combined["combination"] > 0
    query = "SELECT run_id FROM ledger.closed_run JOIN ledger.run USING (run_id) WHERE kind = :kind"
    for kind, tables in SEALED.items():
        runs = list(connection.scalars(text(query), {"kind": kind}))
        assert runs
        assert all(set(sealed(connection, run)) == set(tables) for run in runs)


def test_every_table_of_a_run_that_a_release_pins_is_sealed() -> None:
    of_ingest = {table for table, column in RUN_COLUMNS.items() if column == "valid_from_run_id"}
    not_pinned = {"ingest_file", "rejected_row", "shard", "withdrawal", "calibration"}
    assert set().union(*SEALED.values()) == set(RUN_COLUMNS) - of_ingest - not_pinned


def test_a_seal_is_what_the_rows_add_up_to(connection: Connection, many: ManyModels) -> None:
    run = many.runs["fit_payne_lamost"]
    (seal,) = seals_of(connection, [run])
    query = sum_query("ledger.fit", [f"t.{one}" for one in seal.columns], f"t.fit_run_id = {run}")
    assert seal.sums == {run: sums(connection, query)[""]}


def test_runs_without_rows_are_named_though_they_add_nothing(
    connection: Connection, many: ManyModels
) -> None:
    run = many.runs["stars"]
    seals = {one.table: one for one in seals_of(connection, [run])}
    assert seals["star_event"].runs == (run,)
    assert seals["star_event"].sums == {}


def test_runs_closed_before_there_were_seals_are_sealed_once(
    connection: Connection, many: ManyModels
) -> None:
    runs = [many.runs["fit_payne_lamost"], many.runs["combination"]]
    before = seals_of(connection, runs)
    connection.execute(text("ALTER TABLE ledger.run_seal DISABLE TRIGGER USER"))
    connection.execute(text("DELETE FROM ledger.run_seal WHERE run_id = ANY (:r)"), {"r": runs})
    seal_missing(connection, runs)
    seal_missing(connection, runs)
    assert seals_of(connection, runs) == before


def test_a_failed_run_is_not_sealed(connection: Connection, many: ManyModels) -> None:
    query = "SELECT run_id FROM ledger.closed_run WHERE outcome = 'failed'"
    for run in connection.scalars(text(query)).all():
        assert sealed(connection, run) == {}
    assert RunKind.INGEST not in SEALED
