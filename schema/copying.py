"""COPY in PostgreSQL's binary form from Arrow columns, whole batches at a time.

A row is a chain of pieces: blocks of fixed width, which neighbouring columns share, and pieces that
are as long as their texts, or empty where there is a null. Arrow joins the pieces of all rows, so
that nothing costs a loop over rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain, groupby
from typing import TypeAlias, cast

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from psycopg import sql

from starledger.schema.ahead import ahead

Bytes = NDArray[np.uint8]
"""Rows × bytes, the same number in each row."""
Piece: TypeAlias = "Bytes | pa.BinaryArray"
Bools = NDArray[np.bool_]

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
MOST_BYTES = 1 << 26
"""A batch that would become larger is sent in parts."""

_NULL = -1
"""The length of what is null."""
_ELEMENTS = {
    pa.int16(): 21,
    pa.int32(): 23,
    pa.int64(): 20,
    pa.float32(): 700,
    pa.float64(): 701,
}
"""PostgreSQL's numbers of the types that arrays can hold."""


def copy_rows(
    cursor: psycopg.Cursor[object], table: Sequence[str], batches: Iterable[pa.RecordBatch]
) -> int:
    """Copy batches of rows into a table and return how many there were.

    Parameters
    ----------
    cursor
        In whose transaction the rows come in.
    table
        The table's name, behind that of its schema where it has one.
    batches
        With a column for each column of the table that is to be filled, of the same name. A column
        of type ``fixed_size_list`` fills an array, a dictionary of texts a text.
    """
    rows = 0
    batches = iter(batches)
    first = next(batches, None)
    if first is None:
        return rows
    # The server takes the last block in while the next one is made; and nobody makes another one
    # when we are gone, with an error perhaps.
    blocks = ahead(_blocks(chain([first], batches)))
    with cursor.copy(_statement(table, first)) as copy, closing(blocks):
        copy.write(SIGNATURE)
        for number, block in blocks:
            rows += number
            copy.write(block)
        copy.write(TRAILER)
    return rows


def copy_batch(cursor: psycopg.Cursor[object], table: Sequence[str], batch: pa.RecordBatch) -> None:
    """Copy one small batch of rows into a table, as `copy_rows` does, at once."""
    with cursor.copy(_statement(table, batch)) as copy:
        copy.write(SIGNATURE + encoded(batch) + TRAILER)


def _statement(table: Sequence[str], batch: pa.RecordBatch) -> sql.Composed:
    return sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
        sql.Identifier(*table), sql.SQL(", ").join(map(sql.Identifier, batch.schema.names))
    )


def _blocks(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, bytes]]:
    for batch in batches:
        for part in _parts(batch):
            yield part.num_rows, encoded(part)


def encoded(batch: pa.RecordBatch) -> bytes:
    """Return the rows of a batch as COPY reads them, without signature and trailer.

    Examples
    --------
    >>> encoded(pa.record_batch({"n": pa.array([7, None], pa.int16())})).hex(" ", 2)
    '0001 0000 0002 0007 0001 ffff ffff'
    """
    rows = batch.num_rows
    if not rows:
        return b""
    pieces: list[Piece] = [_repeated(np.array([len(batch.columns)], ">i2"), rows)]
    for column in batch.columns:
        pieces.extend(_pieces(column))
    joined = pc.binary_join_element_wise(*_blocks_of(pieces), b"")
    return cast("bytes", joined.buffers()[2].to_pybytes())


def _blocks_of(pieces: Iterable[Piece]) -> Iterator[pa.BinaryArray]:
    """Yield pieces as Arrow joins them, neighbours of fixed width as one."""
    for fixed, some in groupby(pieces, lambda piece: isinstance(piece, np.ndarray)):
        if fixed:
            block: Bytes = np.hstack(list(some))
            yield _binary(block, np.full(len(block), block.shape[1]))
        else:
            yield from some


def _binary(content: Bytes, lengths: NDArray[np.integer]) -> pa.BinaryArray:
    """Return values that lie one after the other in some bytes."""
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(content))]
    return pa.BinaryArray.from_buffers(pa.binary(), len(lengths), buffers)


def _parts(batch: pa.RecordBatch) -> Iterable[pa.RecordBatch]:
    """Cut a batch that is large, lest its pieces outgrow the memory."""
    rows = batch.num_rows
    step = max(1, rows * MOST_BYTES // max(4 * batch.nbytes, MOST_BYTES))
    return (batch.slice(start, step) for start in range(0, rows, step))


def _pieces(column: pa.Array) -> Iterator[Piece]:
    """Yield the length of a field and what it holds."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    null = None if not column.null_count else ~_valid(column)
    if pa.types.is_string(kind):
        lengths = np.diff(_offsets(column)).astype(">i4")
        content: Piece = column.fill_null("").cast(pa.binary())
    elif pa.types.is_fixed_size_list(kind):
        lengths, content = _arrays(column)
    else:
        content = _big_endian(column)
        lengths = np.full(len(column), content.shape[1], ">i4")
    if null is None:
        yield lengths.view(np.uint8).reshape(-1, 4)
        yield content
    else:
        yield np.where(null, _NULL, lengths).astype(">i4").view(np.uint8).reshape(-1, 4)
        yield _emptied(content, null)


def _emptied(content: Piece, null: Bools) -> pa.BinaryArray:
    """Return pieces with nothing where there is a null."""
    if isinstance(content, np.ndarray):
        return _binary(content[~null], np.where(null, 0, content.shape[1]))
    return pc.if_else(pa.array(null), pa.scalar(b"", pa.binary()), content)


def _repeated(values: NDArray[np.generic], rows: int) -> Bytes:
    return np.broadcast_to(values.view(np.uint8), (rows, values.nbytes))


def _big_endian(column: pa.Array) -> Bytes:
    """Return the bytes of numbers or truth values as PostgreSQL sends them; nulls are anything."""
    if pa.types.is_boolean(column.type):
        values = column.fill_null(False).to_numpy(zero_copy_only=False).astype(np.uint8)
    else:
        values = _plain(column)
        values = values.astype(values.dtype.newbyteorder(">"))
    return cast("Bytes", values.view(np.uint8).reshape(len(column), values.itemsize))


def _plain(column: pa.Array) -> NDArray[np.generic]:
    """Return the numbers of a column as they lie in memory, where it is null too."""
    kind = np.dtype(column.type.to_pandas_dtype())
    data = column.buffers()[1]
    if data is None:
        return np.zeros(len(column), kind)
    whole = np.frombuffer(data, kind)
    return whole[column.offset : column.offset + len(column)]


def _valid(column: pa.Array) -> Bools:
    return cast("Bools", column.is_valid().to_numpy(zero_copy_only=False))


def _offsets(column: pa.Array) -> NDArray[np.int32]:
    data = column.buffers()[1]
    if data is None or not len(column):
        return np.zeros(len(column) + 1, np.int32)
    offsets = np.frombuffer(data, np.int32)
    return offsets[column.offset : column.offset + len(column) + 1]


def _arrays(column: pa.Array) -> tuple[NDArray[np.int32], Piece]:
    """Return one-dimensional arrays: a head, then each element with its length in front."""
    kind, size = column.type.value_type, column.type.list_size
    elements = column.values.slice(column.offset * size, len(column) * size)
    values = _big_endian(elements)
    width = values.shape[1]
    field = np.empty((len(column), 20 + size * (4 + width)), np.uint8)
    nulls = elements.null_count > 0
    field[:, :20] = np.array([1, int(nulls), _ELEMENTS[kind], size, 1], ">i4").view(np.uint8)
    inner = field[:, 20:].reshape(len(column), size, 4 + width)
    inner[:, :, :4] = np.array([width], ">i4").view(np.uint8)
    inner[:, :, 4:] = values.reshape(len(column), size, width)
    if not nulls:
        return np.full(len(column), field.shape[1], ">i4"), field
    null = ~_valid(elements).reshape(len(column), size)
    inner[null, :4] = np.array([_NULL], ">i4").view(np.uint8)
    kept = np.ones(field.shape, np.bool_)
    kept[:, 20:].reshape(inner.shape)[null, 4:] = False
    lengths = kept.sum(axis=1)
    return lengths.astype(">i4"), _binary(field[kept], lengths)
