"""Columns of numbers, as COPY sends and takes them in its binary form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from psycopg import Connection as DriverConnection

from starledger.schema.copying import copy_rows

BLOCK = 100_000
"""Rows that are read, or written, at a time."""

_HEADER = 19
_TRAILER = 2
"""Bytes of a binary COPY before its first row and after its last."""


def record_of(columns: np.dtype[Any]) -> np.dtype[Any]:
    """Return the layout of a row of COPY BINARY, none of whose columns is ever null.

    Examples
    --------
    >>> record_of(np.dtype([("row_id", "i8")])).itemsize
    14
    """
    layout: list[tuple[str, str]] = [("n_columns", ">i2")]
    for name in columns.names or ():
        layout += [(f"length_of_{name}", ">i4"), (name, columns[name].newbyteorder(">").str)]
    return np.dtype(layout)


def read_columns(
    connection: DriverConnection[Any], query: str, columns: np.dtype[Any], block: int = BLOCK
) -> Iterator[NDArray[Any]]:
    """Yield the rows of a query as structured arrays of up to some number of rows.

    Parameters
    ----------
    connection
        It is busy until the last row was read.
    query
        An SQL query without parameters that gives bigint and double precision, and no nulls.
    columns
        Names and types of its columns, ``i8`` or ``f8``.
    block
        Most rows of an array.
    """
    record = record_of(columns)
    rows = bytearray()
    skipped = 0
    with connection.cursor().copy(f"COPY ({query}) TO STDOUT (FORMAT binary)".encode()) as stream:
        for data in stream:
            rows += data
            if not skipped and len(rows) >= _HEADER:
                del rows[:_HEADER]
                skipped = _HEADER
            while len(rows) >= block * record.itemsize + _TRAILER:
                yield _records(bytes(rows[: block * record.itemsize]), record, columns)
                del rows[: block * record.itemsize]
    if len(rows) > _TRAILER:
        yield _records(bytes(rows[:-_TRAILER]), record, columns)


def write_columns(
    connection: DriverConnection[Any], table: str, columns: Mapping[str, NDArray[Any]]
) -> None:
    """Append columns of ``i8`` and ``f8`` to a table by COPY; NaN stays NaN."""
    rows = len(next(iter(columns.values())))
    blocks = (
        pa.record_batch({name: pa.array(one[at : at + BLOCK]) for name, one in columns.items()})
        for at in range(0, rows, BLOCK)
    )
    copy_rows(connection.cursor(), table.split("."), blocks)


def _records(data: bytes, record: np.dtype[Any], columns: np.dtype[Any]) -> NDArray[Any]:
    packed = np.frombuffer(data, record)
    rows = np.empty(len(packed), columns)
    for name in columns.names or ():
        rows[name] = packed[name]
    return rows
