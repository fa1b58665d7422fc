"""COPY in PostgreSQL's binary form from Arrow columns, whole batches at a time.

Every row is laid out in a matrix of bytes as wide as the widest row, with a mask of the bytes that
count; compressing the matrix by its mask gives the stream. Nulls and texts of any length cost no
loop over rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import cast

import numpy as np
import psycopg
import pyarrow as pa
from numpy.typing import NDArray
from psycopg import sql

from starledger.schema.ahead import ahead

Bytes = NDArray[np.uint8]
Kept = NDArray[np.bool_]

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
MOST_BYTES = 1 << 26
"""A batch whose matrix would be larger is sent in parts."""

_NULL = np.frombuffer(np.array(-1, ">i4").tobytes(), np.uint8)
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
    target = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
        sql.Identifier(*table), sql.SQL(", ").join(map(sql.Identifier, first.schema.names))
    )
    with cursor.copy(target) as copy:
        copy.write(SIGNATURE)
        # The server takes the last block in while the next one is made.
        for number, block in ahead(_blocks(chain([first], batches))):
            rows += number
            copy.write(block)
        copy.write(TRAILER)
    return rows


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
    fields = [_encoded_column(column) for column in batch.columns]
    width = 2 + sum(field.shape[1] for field, _ in fields)
    matrix = np.empty((rows, width), np.uint8)
    kept = np.empty((rows, width), np.bool_)
    matrix[:, :2] = np.frombuffer(np.array(len(fields), ">i2").tobytes(), np.uint8)
    kept[:, :2] = True
    place = 2
    for field, keep in fields:
        end = place + field.shape[1]
        matrix[:, place:end] = field
        kept[:, place:end] = True if keep is None else keep
        place = end
    return matrix[kept].tobytes()


def _parts(batch: pa.RecordBatch) -> Iterable[pa.RecordBatch]:
    """Cut a batch whose texts are long, lest its matrix outgrow the memory."""
    rows = batch.num_rows
    widest = 64 * len(batch.columns) + sum(
        _longest(column) for column in batch.columns if pa.types.is_string(column.type)
    )
    step = max(1, min(rows, MOST_BYTES // max(widest, 1)))
    return (batch.slice(start, step) for start in range(0, rows, step))


def _longest(column: pa.Array) -> int:
    return int(np.diff(_offsets(column)).max(initial=0))


def _encoded_column(column: pa.Array) -> tuple[Bytes, Kept | None]:
    """Return the field of each row with its length in front, and which bytes of it count."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pa.types.is_string(kind):
        field, kept = _texts(column)
    elif pa.types.is_fixed_size_list(kind):
        field, kept = _arrays(column)
    else:
        field, kept = _with_length(_big_endian(column)), None
    if column.null_count:
        null = ~_valid(column)
        field[null, :4] = _NULL
        if kept is None:
            kept = np.ones(field.shape, np.bool_)
        kept[null, 4:] = False
        kept[null, :4] = True
    return field, kept


def _with_length(values: Bytes) -> Bytes:
    rows, width = values.shape
    field = np.empty((rows, 4 + width), np.uint8)
    field[:, :4] = np.frombuffer(np.array(width, ">i4").tobytes(), np.uint8)
    field[:, 4:] = values
    return field


def _big_endian(column: pa.Array) -> Bytes:
    """Return the bytes of numbers or truth values as PostgreSQL sends them; nulls are anything."""
    if pa.types.is_boolean(column.type):
        values = column.fill_null(False).to_numpy(zero_copy_only=False).astype(np.uint8)
    else:
        values = _plain(column)
        values = values.astype(values.dtype.newbyteorder(">"))
    return cast("Bytes", values.view(np.uint8).reshape(len(column), -1))


def _plain(column: pa.Array) -> NDArray[np.generic]:
    """Return the numbers of a column as they lie in memory, where it is null too."""
    kind = np.dtype(column.type.to_pandas_dtype())
    data = column.buffers()[1]
    if data is None:
        return np.zeros(len(column), kind)
    whole = np.frombuffer(data, kind)
    return whole[column.offset : column.offset + len(column)]


def _valid(column: pa.Array) -> Kept:
    return cast("Kept", column.is_valid().to_numpy(zero_copy_only=False))


def _offsets(column: pa.Array) -> NDArray[np.int32]:
    data = column.buffers()[1]
    if data is None or not len(column):
        return np.zeros(len(column) + 1, np.int32)
    offsets = np.frombuffer(data, np.int32)
    return offsets[column.offset : column.offset + len(column) + 1]


def _texts(column: pa.Array) -> tuple[Bytes, Kept]:
    offsets = _offsets(column)
    lengths = np.diff(offsets)
    longest = int(lengths.max(initial=0))
    field = np.zeros((len(column), 4 + longest), np.uint8)
    field[:, :4] = lengths.astype(">i4").view(np.uint8).reshape(-1, 4)
    kept = np.ones(field.shape, np.bool_)
    if not longest:
        return field, kept
    within = np.arange(longest, dtype=np.int32)
    kept[:, 4:] = within < lengths[:, None]
    data = np.frombuffer(column.buffers()[2], np.uint8)[offsets[0] : offsets[-1]]
    # Boolean indices are met row by row, which is the order in which the texts lie.
    field[:, 4:][kept[:, 4:]] = data
    return field, kept


def _arrays(column: pa.Array) -> tuple[Bytes, Kept]:
    """Return one-dimensional arrays: a head, then each element with its length in front."""
    kind, size = column.type.value_type, column.type.list_size
    elements = column.values.slice(column.offset * size, len(column) * size)
    values = _with_length(_big_endian(elements))
    nulls = elements.null_count > 0
    kept_values = np.ones(values.shape, np.bool_)
    if nulls:
        null = ~_valid(elements)
        values[null, :4] = _NULL
        kept_values[null, 4:] = False
    head = np.array([1, int(nulls), _ELEMENTS[kind], size, 1], ">i4").view(np.uint8)
    rows, wide = len(column), size * values.shape[1]
    field = np.empty((rows, 24 + wide), np.uint8)
    kept = np.ones(field.shape, np.bool_)
    field[:, 4:24] = head
    field[:, 24:] = values.reshape(rows, wide)
    kept[:, 24:] = kept_values.reshape(rows, wide)
    lengths = kept[:, 4:].sum(axis=1)
    field[:, :4] = lengths.astype(">i4").view(np.uint8).reshape(-1, 4)
    return field, kept
