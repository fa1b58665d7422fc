"""Rows as a binary table of FITS, written by columns of NumPy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa

from starledger.catalog.export.about import About
from starledger.catalog.export.errors import ExportError
from starledger.catalog.export.fits import headers
from starledger.catalog.export.fits.body import Body
from starledger.catalog.fields import Field

MOST_COLUMNS = 999

HELD_BYTES = 1 << 24
"""Bytes of rows that are measured before the first of them is written."""


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
    file.write(headers.primary(about))
    start = file.tell()
    header = headers.of_table(dict(about.pairs).get("view", "answer"), fields)
    # As long as it will be when all is known.
    file.write(headers.sealed(header, 0))
    body = Body(file, fields)
    for batch in _measured(body, batches):
        body.add(batch)
    total = body.end()
    headers.tell_size(header, fields, body.widths, body.row.itemsize, body.rows)
    file.seek(start)
    file.write(headers.sealed(header, total))
    return body.rows


def _measured(body: Body, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield batches when some are measured: most texts are no longer than the first ones."""
    batches = iter(batches)
    first: list[pa.RecordBatch] = []
    held = 0
    for batch in batches:
        body.measure(batch)
        first.append(batch)
        held += batch.nbytes
        if held > HELD_BYTES:
            break
    yield from first
    first.clear()
    yield from batches
