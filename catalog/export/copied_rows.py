"""The rows of a query, as PostgreSQL's binary COPY sends them, in batches of Arrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from psycopg import Connection, Copy
from psycopg.errors import QueryCanceled, error_from_result
from psycopg.pq import ExecStatus, TransactionStatus

from starledger.catalog.export.copied_columns import FILLING, TYPES, Taken, taken

BATCH_BYTES = 1 << 21
"""About how many bytes of rows make a batch, which lie in the processor's cache then."""

_HEADER = 19
"""Bytes of a COPY before its first row, which come together with it."""

_TRAILER = 2
"""Bytes of what comes behind the last row; a row has more."""

_TEXT = TYPES[25]


@dataclass(frozen=True, slots=True)
class Copied:
    """Rows that are coming.

    Parameters
    ----------
    schema
        Their columns.
    batches
        The rows, which can be had once.
    """

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


@contextmanager
def copied(connection: Connection[Any], sql: str) -> Iterator[Copied]:
    """Run a query, and give its rows as they come.

    Who stops before the last row makes the server end the query. Types that Arrow has no like of
    come as their text.

    Parameters
    ----------
    connection
        Busy until then.
    sql
        One query.

    Raises
    ------
    psycopg.Error
        The query is wrong, or fails; also among the rows.
    """
    names, numbers = _described(connection, sql)
    kinds = [TYPES.get(number, _TEXT) for number in numbers]
    schema = pa.schema([(name, kind.arrow) for name, kind in zip(names, kinds, strict=True)])
    statement = f"COPY ({_readable(sql, numbers)}\n) TO STDOUT (FORMAT binary)".encode()
    with connection.cursor().copy(statement) as copy:
        try:
            yield Copied(schema, _batches(connection, copy, kinds, schema))
        finally:
            _end(connection, copy)


def _end(connection: Connection[Any], copy: Copy) -> None:
    """Make the server end a query whose rows nobody wants any more."""
    if connection.pgconn.transaction_status == TransactionStatus.ACTIVE:
        connection.cancel_safe()
        with suppress(QueryCanceled):
            for _ in copy:
                pass


def _described(connection: Connection[Any], sql: str) -> tuple[list[str], list[int]]:
    """Return names and types of a query's columns; several statements are an error."""
    server = connection.pgconn
    for result in (server.prepare(b"", sql.encode()), server.describe_prepared(b"")):
        if result.status != ExecStatus.COMMAND_OK:
            raise error_from_result(result)
    columns = range(result.nfields)
    return [(result.fname(one) or b"").decode() for one in columns], [*map(result.ftype, columns)]


def _readable(sql: str, numbers: Sequence[int]) -> str:
    """Return a query that gives text where we know no better."""
    if all(number in TYPES for number in numbers):
        return sql
    names = [f"c{place}" for place in range(len(numbers))]
    said = [
        name if number in TYPES else f"CAST({name} AS text)"
        for name, number in zip(names, numbers, strict=True)
    ]
    return f"SELECT {', '.join(said)} FROM ({sql}\n) AS q ({', '.join(names)})"  # noqa: S608


def _batches(
    connection: Connection[Any], copy: Copy, kinds: list[Taken], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    for rows, ends in _blocks(connection, copy):
        rows += FILLING
        starts = np.array([0, *ends[:-1]], np.int64)
        columns = taken(np.frombuffer(rows, np.uint8), starts, kinds)
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _blocks(connection: Connection[Any], copy: Copy) -> Iterator[tuple[bytearray, list[int]]]:
    """Yield rows as they were sent, some at a time, and where each ends.

    A row costs as little as can be: whoever asks psycopg itself lets it wait for each.
    """
    get = connection.pgconn.get_copy_data
    rows = bytearray()
    ends: list[int] = []
    row = memoryview(copy.read())[_HEADER:]
    length = len(row)
    while length > _TRAILER:
        rows += row
        end = len(rows)
        ends.append(end)
        if end >= BATCH_BYTES:
            yield rows, ends
            rows, ends = bytearray(), []
        length, row = get(1)
        if not length:
            row = memoryview(copy.read())
            length = len(row)
    if length == _TRAILER:
        copy.read()
    elif length < 0:
        _fail(connection)
    if rows:
        yield rows, ends


def _fail(connection: Connection[Any]) -> None:
    """Raise the error that the server sent among the rows."""
    results = list(iter(connection.pgconn.get_result, None))
    for result in results:
        if result.status != ExecStatus.COMMAND_OK:
            raise error_from_result(result)
