"""Rows as a binary table of FITS, written by columns of NumPy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import BinaryIO

import pyarrow as pa

from starledger.catalog.export.about import About
from starledger.catalog.export.errors import ExportError
from starledger.catalog.export.fits import headers
from starledger.catalog.export.fits.body import Body, row_type
from starledger.catalog.fields import Field

MOST_COLUMNS = 999


def write_rows(
    file: BinaryIO, fields: Sequence[Field], batches: Iterable[pa.RecordBatch], about: About
) -> int:
    """Write rows as the one table of a file.

    How wide texts are and how many rows there are stands before them: so the header is written
    once more when the last one is there.

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
    name = dict(about.pairs).get("view", "answer")
    file.write(headers.primary(about))
    start = file.tell()
    widths = dict.fromkeys((field.name for field in fields), 1)
    row = row_type(fields, widths).itemsize
    # As long as it will be when all is known.
    file.write(headers.sealed(headers.of_table(name, fields, widths, row, 0), 0))
    body = Body(file, fields)
    for batch in batches:
        body.add(batch)
    total = body.end()
    header = headers.of_table(name, fields, body.widths, body.row.itemsize, body.rows)
    file.seek(start)
    file.write(headers.sealed(header, total))
    return body.rows
