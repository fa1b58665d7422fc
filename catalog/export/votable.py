"""Rows as a VOTable whose rows are BINARY2, written by columns of NumPy."""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from starledger.catalog.export.about import About
from starledger.catalog.export.errors import ExportError
from starledger.catalog.export.kinds import Kind, kind_of
from starledger.catalog.export.strings import Strings
from starledger.catalog.export.utf16 import in_utf16
from starledger.catalog.export.values import Values, filled, nulls
from starledger.catalog.export.xml_head import CLOSING, xml_head
from starledger.catalog.fields import Field

LINE_BYTES = 3 << 18
"""Bytes of a line of base64: a multiple of three, so that no line needs filling."""

CHUNK_BYTES = 1 << 24
"""About how many bytes of rows are made at a time, at most."""


def write_rows(
    file: BinaryIO, fields: Sequence[Field], batches: Iterable[pa.RecordBatch], about: About
) -> int:
    """Write rows as the one table of a file.

    Each row begins with a bit a column that says whether it is null.

    Raises
    ------
    ExportError
        An array of integers has a null in it.
    """
    file.write(xml_head(fields, about).encode())
    file.write(b"<DATA><BINARY2><STREAM encoding='base64'>\n")
    rows = 0
    left = b""
    for batch in batches:
        rows += batch.num_rows
        for part in _parts(batch):
            left = _write_lines(file, left + encoded(fields, part))
    file.write(binascii.b2a_base64(left))
    file.write(b"</STREAM></BINARY2></DATA>\n")
    file.write(CLOSING.encode())
    return rows


def _write_lines(file: BinaryIO, data: bytes) -> bytes:
    """Write whole lines, and return what is left for the next one."""
    whole = len(data) // LINE_BYTES * LINE_BYTES
    view = memoryview(data)
    file.writelines(
        binascii.b2a_base64(view[start : start + LINE_BYTES])
        for start in range(0, whole, LINE_BYTES)
    )
    return data[whole:]


def _parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield a batch in parts that are not too large."""
    rows = batch.num_rows
    step = max(1, rows * CHUNK_BYTES // max(2 * batch.nbytes, CHUNK_BYTES))
    return (batch.slice(start, step) for start in range(0, rows, step))


def encoded(fields: Sequence[Field], batch: pa.RecordBatch) -> bytes:
    r"""Return rows as BINARY2.

    A row is a chain of blocks of one width, which neighbouring columns share, and of texts; Arrow
    joins them.

    Examples
    --------
    >>> fields = (Field("n", "smallint", "dimensionless", "meta.number", "a number"),)
    >>> encoded(fields, pa.record_batch({"n": pa.array([1, None], pa.int16())}))
    b'\x00\x00\x01\x80\x80\x00'
    """
    pieces: list[pa.BinaryArray] = []
    block = [_null_flags(batch)]
    for field, column in zip(fields, batch.columns, strict=True):
        kind = kind_of(field)
        if kind.is_text or kind.is_array:
            data, counts, width = _text(column) if kind.is_text else _array(field, kind, column)
            pieces += [_joined([*block, counts.astype(">i4")]), _binary(data, width * counts)]
            block = []
        else:
            block.append(_values(kind, column))
    if block:
        pieces.append(_joined(block))
    rows = pc.binary_join_element_wise(*pieces, b"")
    return cast("bytes", rows.buffers()[2].to_pybytes())


def _text(column: pa.Array) -> tuple[Values, Values, int]:
    data, units = in_utf16(Strings.of(column))
    return data, units, 2


def _array(field: Field, kind: Kind, column: pa.Array) -> tuple[Values, Values, int]:
    """Return the bytes of all arrays, how many values each has, and how long one is."""
    elements = column.flatten()
    if kind.is_integer and elements.null_count:
        raise ExportError(
            f"The column {field.name} holds arrays of integers of which some are missing, which"
            " VOTable cannot say.",
            remedy="Leave such rows out, or take Parquet.",
        )
    counts = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    values = _values(kind.value, elements)
    return values.view(np.uint8), counts, values.itemsize


def _joined(block: Sequence[Values]) -> pa.BinaryArray:
    """Return columns side by side."""
    row = np.dtype([(str(number), one.dtype, one.shape[1:]) for number, one in enumerate(block)])
    rows = np.empty(len(block[0]), row)
    for number, one in enumerate(block):
        rows[str(number)] = one
    return _binary(rows.view(np.uint8), np.full(len(rows), row.itemsize))


def _binary(data: Values, lengths: Values) -> pa.BinaryArray:
    """Return values that lie one after the other in some bytes."""
    ends = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=ends[1:])
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(data)]
    return pa.BinaryArray.from_buffers(pa.binary(), len(lengths), buffers)


def _null_flags(batch: pa.RecordBatch) -> Values:
    flags = np.zeros((batch.num_rows, batch.num_columns), np.bool_)
    for number, column in enumerate(batch.columns):
        if column.null_count:
            flags[:, number] = nulls(column)
    return np.packbits(flags, axis=1)


def _values(kind: Kind, column: pa.Array) -> Values:
    if kind.fits == "L":
        true = column.fill_null(False).to_numpy(zero_copy_only=False)
        given = np.where(true, ord("T"), ord("F"))
        return np.where(nulls(column), ord("?"), given).astype(kind.numpy)
    return filled(kind, column).astype(kind.numpy)
