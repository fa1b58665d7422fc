"""Rows of files go into the ledger: straight into a new partition, or by way of a waiting room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from psycopg import Cursor, sql
from sqlalchemy import Connection

from starledger.ingest.catalogs.conversion import Conversion
from starledger.ingest.catalogs.files.table import TableFile
from starledger.ingest.catalogs.merging import INCOMING, Merging
from starledger.ingest.catalogs.seen import SeenIds
from starledger.ingest.refusals import Refusals
from starledger.schema.ahead import ahead
from starledger.schema.copying import copy_rows
from starledger.schema.partitions import (
    attach_partition,
    has_partition,
    make_partition,
    partition_name,
)
from starledger.schema.tables import SCHEMA

Repeated = NDArray[np.bool_]

WAITING_AT_ONCE = 200_000
"""Rows that repeat an identifier are kept in memory up to so many before they are sent."""


@dataclass
class FileCounts:
    """What became of the rows of a file."""

    n_read: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)


class Loader:
    """Loads the files of one run into one data release's rows of a catalog table.

    Parameters
    ----------
    connection
        In whose transaction all happens.
    table, columns
        The catalog's table and those of its columns that are filled.
    data_release_id, run_id
        Whose rows they are, and which ingest run brings them.
    paths
        The files in order.
    """

    def __init__(
        self,
        connection: Connection,
        table: str,
        columns: Sequence[str],
        data_release_id: int,
        run_id: int,
        paths: Sequence[str],
    ) -> None:
        self._connection, self._cursor = connection, _cursor(connection)
        self._table, self._release, self._run = table, data_release_id, run_id
        self._merging = Merging(table, columns, data_release_id, run_id, paths)
        self._columns = list(columns)
        self._seen = SeenIds()
        self.fresh = not has_partition(connection, table, data_release_id)
        if self.fresh:
            make_partition(connection, table, data_release_id)
        self._make_waiting_room()

    def load(
        self,
        number: int,
        path: str,
        file: TableFile,
        conversion: Conversion,
        advance: Callable[[int], None],
    ) -> FileCounts:
        """Read a file to its end; if it turns out to be damaged, nothing of it is kept.

        Parameters
        ----------
        number, path
            Its number among the run's files, from 1, and its name.
        file, conversion
            What it holds, and how that becomes ours.
        advance
            Told how many more rows were read.
        """
        before = self._seen.copy()
        known = FileCounts()
        try:
            with self._connection.begin_nested(), Refusals() as refusals:
                batches = self._followed(number, file, conversion, known, refusals, advance)
                known.counts["n_inserted"] = self._send(batches)
                refusals.write(self._cursor, self._run, path)
                known.counts["n_rejected"] = refusals.count
        except BaseException:
            self._seen = before
            raise
        return known

    def finish(self, *, complete: bool) -> tuple[dict[int, Counter[str]], int]:
        """Bring in what waits, and return by file what became of it, and how many rows are gone.

        Parameters
        ----------
        complete
            The files are all there is of the data release: what is in none of them is gone.
        """
        if self.fresh:
            attach_partition(self._connection, self._table, self._release)
        counts = self._merging.merge(self._cursor)
        gone = self._merging.close_gone(self._cursor) if complete and not self.fresh else 0
        self._cursor.execute("DROP TABLE incoming")
        return counts, gone

    def _make_waiting_room(self) -> None:
        columns = sql.SQL(", ").join(map(sql.Identifier, self._columns))
        self._cursor.execute(
            sql.SQL(
                "CREATE TEMP TABLE incoming ON COMMIT DROP AS"
                " SELECT 0::integer AS file_number, 0::bigint AS row_number, false AS again, {}"
                " FROM {} LIMIT 0"
            ).format(columns, sql.Identifier(SCHEMA, self._table))
        )

    def _followed(
        self,
        number: int,
        file: TableFile,
        conversion: Conversion,
        known: FileCounts,
        refusals: Refusals,
        advance: Callable[[int], None],
    ) -> Iterator[tuple[pa.RecordBatch, Repeated]]:
        """Yield the rows as they go into the waiting room, and which repeat an identifier."""
        for raw in ahead(file.batches(conversion.wanted)):
            for one in conversion.convert(raw):
                known.n_read += one.rows.num_rows + len(one.refused)
                known.repaired.update(one.repaired)
                refusals.add(one.refused)
                again = self._seen.repeated(one.rows.column("external_id"))
                yield self._waiting(number, one.rows, again), again
            advance(raw.columns.num_rows)

    def _waiting(self, number: int, rows: pa.RecordBatch, again: Repeated) -> pa.RecordBatch:
        return pa.record_batch(
            {
                "file_number": _repeated(number, rows.num_rows, pa.int32()),
                "row_number": rows.column("row_number"),
                "again": pa.array(again),
                **{name: rows.column(name) for name in self._columns},
            }
        )

    def _send(self, batches: Iterator[tuple[pa.RecordBatch, Repeated]]) -> int:
        """Send all rows to the waiting room, or to the new partition those that repeat nothing.

        Returns
        -------
        How many are in the partition.
        """
        if not self.fresh:
            copy_rows(self._cursor, [INCOMING], (rows for rows, _ in batches))
            return 0
        inserted = 0
        waiting = _Waiting(batches)
        while not waiting.finished:
            # One connection copies into one table at a time.
            target = [SCHEMA, partition_name(self._table, self._release)]
            inserted += copy_rows(self._cursor, target, map(self._belonging, waiting))
            copy_rows(self._cursor, [INCOMING], waiting.take())
        return inserted

    def _belonging(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return rows of the waiting room as the partition takes them."""
        return pa.record_batch(
            {
                "data_release_id": _repeated(self._release, rows.num_rows, pa.int32()),
                "valid_from_run_id": _repeated(self._run, rows.num_rows, pa.int64()),
                **{name: rows.column(name) for name in self._columns},
            }
        )


class _Waiting:
    """Yields the rows that repeat nothing, and keeps the others until there are too many."""

    def __init__(self, batches: Iterator[tuple[pa.RecordBatch, Repeated]]) -> None:
        self._batches = batches
        self._kept: list[pa.RecordBatch] = []
        self._rows = 0
        self.finished = False

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        while self._rows < WAITING_AT_ONCE:
            rows, again = next(self._batches, (None, None))
            if rows is None or again is None:
                self.finished = True
                return
            if again.any():
                self._kept.append(rows.filter(pa.array(again)))
                self._rows += self._kept[-1].num_rows
                rows = rows.filter(pa.array(~again))
            yield rows

    def take(self) -> list[pa.RecordBatch]:
        """Return what was kept, and forget it."""
        kept, self._kept, self._rows = self._kept, [], 0
        return kept


def _cursor(connection: Connection) -> Cursor[tuple[object, ...]]:
    made: Cursor[tuple[object, ...]] = connection.connection.cursor()  # type: ignore[assignment]
    return made


def _repeated(value: int, times: int, kind: pa.DataType) -> pa.Array:
    return pa.repeat(pa.scalar(value, kind), times)
