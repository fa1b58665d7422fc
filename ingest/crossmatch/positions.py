"""Rows of the sky as columns in memory, and how the database sends and takes such columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection as DriverConnection
from scipy.spatial import cKDTree

from starledger.ingest.sky_motion import Floats, moved_vectors

Integers = NDArray[np.int64]

BLOCK = 100_000
"""Rows that are read, or written, at a time."""

_HEADER = 19
_TRAILER = 2
"""Bytes of a binary COPY before its first row and after its last."""


@dataclass(frozen=True)
class Positions:
    """Rows with their positions; NaN where a row does not say.

    Parameters
    ----------
    row_id
        Which rows.
    ra, dec
        Positions (ICRS) in degrees, at ``epoch``.
    epoch
        Julian years.
    pmra, pmdec
        Proper motions in mas/yr, pmra with cos(dec).
    magnitude
        Brightness in G, which ranks neighbours; NaN where it is not asked for.
    """

    row_id: Integers
    ra: Floats
    dec: Floats
    epoch: Floats
    pmra: Floats
    pmdec: Floats
    magnitude: Floats

    def __len__(self) -> int:
        return len(self.row_id)

    def take(self, index: NDArray[Any]) -> Positions:
        """Return some of the rows."""
        return Positions(*(getattr(self, name)[index] for name in NAMES))

    def vectors_at(self, epoch: Floats | float) -> Floats:
        """Return directions at an epoch, the same or one for each row; NaN is the row's own."""
        return moved_vectors(self.ra, self.dec, self.pmra, self.pmdec, epoch - self.epoch)

    @cached_property
    def speed(self) -> Floats:
        """Proper motions in arcsec/yr, 0 where unknown."""
        return np.asarray(np.nan_to_num(np.hypot(self.pmra, self.pmdec)) / 1000)


NAMES = tuple(each.name for each in fields(Positions))
"""The columns, in the order in which queries must give them."""

COLUMNS = np.dtype([(name, "i8" if name == "row_id" else "f8") for name in NAMES])
"""Their types."""


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
            if len(rows) >= block * record.itemsize + _TRAILER:
                yield _records(bytes(rows[: block * record.itemsize]), record, columns)
                del rows[: block * record.itemsize]
    if len(rows) > _TRAILER:
        yield _records(bytes(rows[:-_TRAILER]), record, columns)


def read_positions(
    connection: DriverConnection[Any], query: str, block: int = BLOCK
) -> Iterator[Positions]:
    """Yield the rows of a query that gives the columns of `Positions`, block by block."""
    for rows in read_columns(connection, query, COLUMNS, block):
        yield positions_in(rows)


def positions_in(rows: NDArray[Any], suffix: str = "") -> Positions:
    """Return the columns of structured rows whose names may end in a suffix."""
    return Positions(*(np.ascontiguousarray(rows[name + suffix]) for name in NAMES))


def write_columns(
    connection: DriverConnection[Any], table: str, columns: Mapping[str, NDArray[Any]]
) -> None:
    """Append columns of ``i8`` and ``f8`` to a table by COPY; NaN stays NaN."""
    types = np.dtype([(name, values.dtype.str) for name, values in columns.items()])
    record = record_of(types)
    rows = np.zeros(len(next(iter(columns.values()))), record)
    rows["n_columns"] = len(columns)
    for name, values in columns.items():
        rows[f"length_of_{name}"] = 8
        rows[name] = values
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)"
    with connection.cursor().copy(statement.encode()) as stream:
        stream.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
        for first in range(0, len(rows), BLOCK):
            stream.write(rows[first : first + BLOCK].tobytes())
        stream.write(b"\xff\xff")


def _records(data: bytes, record: np.dtype[Any], columns: np.dtype[Any]) -> NDArray[Any]:
    packed = np.frombuffer(data, record)
    rows = np.empty(len(packed), columns)
    for name in columns.names or ():
        rows[name] = packed[name]
    return rows


def tree_of(vectors: Floats) -> cKDTree:
    """Return a tree of directions; unbalanced, which costs a third and finds as fast."""
    return cKDTree(vectors, balanced_tree=False, compact_nodes=False)
