"""Rows as a binary table of FITS, written by columns of NumPy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from starledger.catalog.export.about import About
from starledger.catalog.export.batches import of_length
from starledger.catalog.export.errors import ExportError
from starledger.catalog.export.fits import headers
from starledger.catalog.export.fits.checksum import added
from starledger.catalog.export.fits.text import in_ascii, in_fixed_width, widest
from starledger.catalog.export.kinds import Kind, kind_of
from starledger.catalog.export.waiting import kept, waiting
from starledger.catalog.fields import Field

BLOCK = 2880
"""Bytes of which a file of FITS has a whole number."""

CHUNK_BYTES = 1 << 23
"""About how many bytes of rows are made at a time."""

MOST_COLUMNS = 999


def write_rows(
    file: BinaryIO, fields: Sequence[Field], batches: Iterable[pa.RecordBatch], about: About
) -> int:
    """Write rows as the one table of a file.

    How wide texts are and how many rows there are stands before them. So they wait on the disk
    until the last one is there.

    Raises
    ------
    ExportError
        There are too many columns, or a value stands for null here.
    """
    if len(fields) > MOST_COLUMNS:
        raise ExportError(
            f"FITS has room for {MOST_COLUMNS} columns; there are {len(fields)}.",
            remedy="Name fewer columns, or take another format.",
        )
    with waiting(fields, file) as rows:
        widths = _widths(fields, kept(rows, batches))
        row = row_type(fields, widths)
        file.write(headers.primary(about))
        header = headers.of_table(_name(about), fields, widths, row.itemsize, rows.rows)
        start = file.tell()
        # As long as it will be when the checksums are known.
        file.write(headers.sealed(header, 0))
        total = _write_table(file, fields, row, rows)
    file.seek(start)
    file.write(headers.sealed(header, total))
    return rows.rows


def _name(about: About) -> str:
    return dict(about.pairs).get("view", "answer")


def _widths(fields: Sequence[Field], batches: Iterable[pa.RecordBatch]) -> dict[str, int]:
    """Return how many bytes each column of text needs: one, at least."""
    texts = {number: field.name for number, field in enumerate(fields) if kind_of(field).is_text}
    widths = dict.fromkeys(texts.values(), 1)
    for batch in batches:
        for number, name in texts.items():
            widths[name] = max(widths[name], widest(in_ascii(batch.column(number))))
    return widths


def row_type(fields: Sequence[Field], widths: dict[str, int]) -> np.dtype[Any]:
    """Return the type of a row of NumPy, whose bytes are those of a row of FITS."""
    return np.dtype(
        [
            (str(number), f"S{widths[field.name]}" if kind.is_text else kind.numpy)
            for number, field in enumerate(fields)
            for kind in (kind_of(field),)
        ]
    )


def _write_table(
    file: BinaryIO, fields: Sequence[Field], row: np.dtype[Any], batches: Iterable[pa.RecordBatch]
) -> int:
    """Write rows, filled up to whole blocks, and return their checksum."""
    total = size = 0
    # A multiple of four, so that no word of the checksum lies in two chunks.
    length = max(4, CHUNK_BYTES // row.itemsize // 4 * 4)
    for batch in of_length(length, batches):
        rows = np.zeros(batch.num_rows, row)
        for number, field in enumerate(fields):
            rows[str(number)] = _values(field, batch.column(number), row[str(number)].itemsize)
        data = rows.tobytes()
        size += len(data)
        if batch.num_rows < length:
            data += bytes(-size % BLOCK)
            size += -size % BLOCK
        total = added(total, data)
        file.write(data)
    file.write(bytes(-size % BLOCK))
    return total


def _values(field: Field, column: pa.Array, width: int) -> np.ndarray[Any, Any]:
    kind = kind_of(field)
    if kind.is_text:
        return in_fixed_width(in_ascii(column), width)
    if kind.fits == "L":
        true = np.where(column.fill_null(False).to_numpy(zero_copy_only=False), ord("T"), ord("F"))
        return np.where(column.is_null().to_numpy(zero_copy_only=False), 0, true)
    _refuse_sentinel(field, kind, column)
    null = kind.smallest if kind.is_integer else float("nan")
    return np.asarray(column.fill_null(null).to_numpy(zero_copy_only=False))


def _refuse_sentinel(field: Field, kind: Kind, column: pa.Array) -> None:
    if kind.is_integer:
        taken, said = pc.equal(column, pa.scalar(kind.smallest, kind.arrow)), str(kind.smallest)
    else:
        taken, said = pc.is_nan(column), "NaN"
    if pc.any(taken).as_py():
        raise ExportError(
            f"The column {field.name} holds {said}, which stands for a missing value in FITS.",
            remedy="Leave such rows out, or take Parquet or VOTable.",
        )
