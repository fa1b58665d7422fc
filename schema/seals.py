"""Seals: what the rows that a run wrote add up to, kept from the moment it is closed.

Summing up takes longer than anything else at publishing, and what a closed run wrote never
changes. So it is done once, by whoever closes the run, and a release that pins the run takes the
sum from its seal. Verifying a release always reads the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection, insert, text

from starledger.schema.checksums import ALL, Sum, sum_query, sums
from starledger.schema.tables import SCHEMA, RunKind, RunSeal, metadata
from starledger.schema.triggers import RUN_COLUMNS

SEALED: Mapping[RunKind, tuple[str, ...]] = {
    RunKind.FIT: ("fit",),
    RunKind.COMBINATION: ("combination", "combination_input"),
    RunKind.QUALITY: ("fit_quality", "star_quality", "quality_output"),
    RunKind.STAR: ("star", "star_version", "star_member", "star_event"),
    RunKind.CROSSMATCH: ("neighbourhood",),
}
"""The tables that runs of each kind write into, of those that releases pin."""

MISSING = """
SELECT r.run_id, r.kind FROM ledger.run r
WHERE r.run_id = ANY (:runs) AND r.kind = ANY (:kinds)
    AND NOT EXISTS (SELECT FROM ledger.run_seal s WHERE s.run_id = r.run_id)
ORDER BY r.run_id
"""

FITTED_MODEL = "SELECT model_id FROM ledger.fit_run WHERE run_id = :run"

KEPT = """
SELECT run_id, table_name, columns, row_count, checksum FROM ledger.run_seal
WHERE run_id = ANY (:runs) ORDER BY table_name, columns, run_id
"""


@dataclass(frozen=True, slots=True)
class Seal:
    """What the rows of some runs in a table add up to.

    Parameters
    ----------
    table
        The table.
    columns
        What was summed up of each row.
    runs
        The runs.
    sums
        By run; a run without rows is left out.
    """

    table: str
    columns: tuple[str, ...]
    runs: tuple[int, ...]
    sums: Mapping[int, Sum]


def seal_run(connection: Connection, run_id: int, kind: RunKind) -> None:
    """Sum up the rows that a run wrote, and keep the sums.

    Parameters
    ----------
    connection
        A connection of the owner, in whose transaction the run was closed, or later.
    run_id
        The run.
    kind
        What it did; one whose rows no release pins is passed over.
    """
    rows = []
    for table in SEALED.get(kind, ()):
        columns = [column.name for column in metadata.tables[f"{SCHEMA}.{table}"].columns]
        condition = f"t.{RUN_COLUMNS[table]} = {run_id}"
        if kind is RunKind.FIT:
            # Spares PostgreSQL the partitions of other models.
            model = connection.scalar(text(FITTED_MODEL), {"run": run_id})
            condition += f" AND t.model_id = {model}"
        query = sum_query(f"{SCHEMA}.{table}", [f"t.{one}" for one in columns], condition)
        found = sums(connection, query)[ALL]
        rows.append(
            {"run_id": run_id, "table_name": table, "columns": columns,
             "row_count": found.rows, "checksum": found.checksum}
        )  # fmt: skip
    if rows:
        connection.execute(insert(RunSeal), rows)


def seal_missing(connection: Connection, runs: Iterable[int]) -> None:
    """Seal those of some closed runs that are not: from before there were seals."""
    given = {"runs": list(runs), "kinds": [kind.value for kind in SEALED]}
    for row in connection.execute(text(MISSING), given).all():
        seal_run(connection, row.run_id, RunKind(row.kind))


def seals_of(connection: Connection, runs: Sequence[int]) -> list[Seal]:
    """Return the seals of some runs, by table and by the columns that were summed up.

    A table can have several: a run that was closed before a migration knows fewer columns.
    """
    kept = connection.execute(text(KEPT), {"runs": list(runs)}).all()
    found = []
    for (table, columns), rows in groupby(kept, lambda row: (row.table_name, row.columns)):
        of_run = {row.run_id: Sum(row.row_count, row.checksum) for row in rows}
        sums_ = {run: one for run, one in of_run.items() if one.rows}
        found.append(Seal(table, tuple(columns), tuple(of_run), sums_))
    return found
