"""Rows as a VOTable whose rows are BINARY2, written by columns of NumPy."""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from starledger.catalog.export.about import About
from starledger.catalog.export.batches import of_length
from starledger.catalog.export.kinds import kind_of
from starledger.catalog.export.strings import Strings
from starledger.catalog.export.utf16 import in_utf16
from starledger.catalog.export.xml_head import CLOSING, xml_head
from starledger.catalog.fields import Field

LINE_BYTES = 48 * 1024
"""Bytes of a line of base64: a multiple of three, so that no line needs filling."""

CHUNK_ROWS = 8192
"""Rows that are made at a time."""

CHUNK_BYTES = 1 << 24
"""The most bytes of rows that are made at a time, where texts are long."""


def write_rows(
    file: BinaryIO, fields: Sequence[Field], batches: Iterable[pa.RecordBatch], about: About
) -> int:
    """Write rows as the one table of a file.

    Each row begins with a bit a column that says whether it is null.
    """
    file.write(xml_head(fields, about).encode())
    file.write(b"<DATA><BINARY2><STREAM encoding='base64'>\n")
    rows = 0
    left = b""
    for batch in of_length(CHUNK_ROWS, batches):
        rows += batch.num_rows
        for part in _parts(fields, batch):
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


def _parts(fields: Sequence[Field], batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield a batch in halves, and halves of these, until all texts filled up have room."""
    widths = [
        2 * int(Strings.of(column).lengths.max(initial=0))
        for field, column in zip(fields, batch.columns, strict=True)
        if kind_of(field).is_text
    ]
    if batch.num_rows > 1 and sum(widths) * batch.num_rows > CHUNK_BYTES:
        half = batch.num_rows // 2
        yield from _parts(fields, batch.slice(0, half))
        yield from _parts(fields, batch.slice(half))
    else:
        yield batch


def encoded(fields: Sequence[Field], batch: pa.RecordBatch) -> bytes:
    r"""Return rows as BINARY2.

    Texts are filled up to the length of the longest one, rows of one length are made of them in
    one go, and what was filled up is left out again.

    Examples
    --------
    >>> fields = (Field("n", "smallint", "dimensionless", "meta.number", "a number"),)
    >>> encoded(fields, pa.record_batch({"n": pa.array([1, None], pa.int16())}))
    b'\x00\x00\x01\x80\x80\x00'
    """
    flags = _null_flags(batch)
    parts: list[tuple[str, Any]] = [("flags", (np.uint8, (flags.shape[1],)))]
    columns: list[tuple[str, np.ndarray[Any, Any]]] = [("flags", flags)]
    texts: dict[str, np.ndarray[Any, Any]] = {}
    for number, (field, column) in enumerate(zip(fields, batch.columns, strict=True)):
        name = str(number)
        if kind_of(field).is_text:
            matrix, units = _text(column)
            parts += [(f"{name} length", ">i4"), (name, (np.uint8, (matrix.shape[1],)))]
            columns += [(f"{name} length", units), (name, matrix)]
            texts[name] = 2 * units
        else:
            parts.append((name, kind_of(field).numpy))
            columns.append((name, _values(field, column)))
    rows = np.empty(batch.num_rows, np.dtype(parts))
    for name, values in columns:
        rows[name] = values
    return _without_filling(rows, texts)


def _null_flags(batch: pa.RecordBatch) -> np.ndarray[Any, Any]:
    nulls = np.zeros((batch.num_rows, batch.num_columns), np.bool_)
    for number, column in enumerate(batch.columns):
        if column.null_count:
            nulls[:, number] = column.is_null().to_numpy(zero_copy_only=False)
    return np.packbits(nulls, axis=1)


def _text(column: pa.Array) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return texts filled up to one length, and how many units of UTF-16 each has."""
    strings = Strings.of(column)
    data, units = in_utf16(strings)
    filled = Strings(data, 2 * units, strings.valid)
    return filled.matrix(2 * int(units.max(initial=0))), units


def _values(field: Field, column: pa.Array) -> np.ndarray[Any, Any]:
    kind = kind_of(field)
    if kind.fits == "L":
        true = column.fill_null(False).to_numpy(zero_copy_only=False)
        given = np.where(true, ord("T"), ord("F"))
        return np.where(column.is_null().to_numpy(zero_copy_only=False), ord("?"), given)
    null = kind.smallest if kind.is_integer else float("nan")
    return np.asarray(column.fill_null(null).to_numpy(zero_copy_only=False))


def _without_filling(rows: np.ndarray[Any, Any], texts: dict[str, np.ndarray[Any, Any]]) -> bytes:
    if not texts:
        return rows.tobytes()
    keep = np.ones((len(rows), rows.dtype.itemsize), np.bool_)
    fields = rows.dtype.fields
    assert fields is not None  # noqa: S101 - it was made with some
    for name, lengths in texts.items():
        inner, start = fields[name][:2]
        width = inner.itemsize
        keep[:, start : start + width] = np.arange(width) < lengths[:, None]
    return rows.view(np.uint8).reshape(len(rows), -1)[keep].tobytes()
