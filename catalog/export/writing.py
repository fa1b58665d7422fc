"""Writing rows into a file of any of the formats."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, TypeAlias

import pyarrow as pa

from starledger.catalog.export.about import About
from starledger.catalog.export.arriving import arriving
from starledger.catalog.export.batches import conforming
from starledger.catalog.export.formats import Format
from starledger.catalog.fields import Field

Writer: TypeAlias = Callable[[BinaryIO, Sequence[Field], Iterable[pa.RecordBatch], About], int]
"""What writes rows into an open file, and tells how many there were."""

WRITERS = {
    Format.FITS: "fits.writing",
    Format.PARQUET: "parquet",
    Format.VOTABLE: "votable",
    Format.CSV: "comma_separated",
    Format.ECSV: "ecsv",
    Format.JSON: "json_rows",
}
"""Where the writer of each format is; it is imported when it is first asked for."""

READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    Parameters
    ----------
    rows
        How many rows.
    bytes
        How large the file is.
    sha256
        Of the file.
    """

    rows: int
    bytes: int
    sha256: str


def write(
    path: Path,
    format: Format,  # noqa: A002 - so it is called everywhere
    fields: Sequence[Field],
    batches: Iterable[pa.RecordBatch],
    about: About,
) -> Written:
    """Write rows into a file, which is whole or not there, in constant memory.

    The same rows give the same bytes.

    Parameters
    ----------
    path, format
        The file.
    fields
        The columns.
    batches
        The rows.
    about
        What the file says of itself.

    Raises
    ------
    ExportError
        The format cannot hold a value, or the file cannot be written.
    """
    module = import_module(f"starledger.catalog.export.{WRITERS[format]}")
    writer: Writer = module.write_rows
    with arriving(path) as file:
        rows = writer(file, fields, conforming(fields, batches), about)
        size = file.seek(0, 2)
        digest = sha256_of(file)
    return Written(rows, size, digest)


def sha256_of(file: BinaryIO) -> str:
    """Return the SHA-256 of a whole file."""
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(READ_BYTES):
        digest.update(block)
    return digest.hexdigest()
