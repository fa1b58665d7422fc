"""The columns of a user's file: FITS, VOTable, CSV, ECSV or Parquet, gzipped or not."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from starledger.catalog.export.fits.text import MARK, out_of_ascii
from starledger.catalog.query.errors import UploadRefused
from starledger.catalog.query.uploads.columns import RawColumn
from starledger.ingest.catalogs.files.fits_table import FitsTable
from starledger.ingest.catalogs.files.opening import open_table
from starledger.ingest.catalogs.files.parquet import ParquetTable
from starledger.ingest.catalogs.files.table import RawBatch, TableFile
from starledger.ingest.catalogs.files.text import TextTable

_MASK = ".mask"


def columns_of_file(path: str | os.PathLike[str], most_bytes: int) -> tuple[str, list[RawColumn]]:
    """Return what a file is called in errors, and its columns.

    Parameters
    ----------
    path
        Where it is.
    most_bytes
        Most memory that its rows may take.

    Raises
    ------
    UnreadableTable
        It is damaged, or of no kind that is read.
    UploadRefused
        It is too large, or a line of it is no row.
    """
    path = Path(path)
    with open_table(path) as file:
        names = [name for name in file.about.names if name]
        batches = _read(path, file, names, most_bytes)
        about = file.about
        columns = [
            RawColumn(
                name,
                _joined(batches, name),
                about.units.get(name),
                about.ucds.get(name),
                written=isinstance(file, TextTable),
                declared=about.types.get(name),
                blank_is_null=not isinstance(file, ParquetTable),
            )
            for name in names
        ]
    if isinstance(file, ParquetTable):
        columns = _masked(columns)
    keyword, escapes = MARK
    if isinstance(file, FitsTable) and about.meta.get(keyword) == escapes:
        columns = [_unescaped(one) for one in columns]
    return str(path), columns


def _unescaped(column: RawColumn) -> RawColumn:
    """Return a column whose texts are as they were when we wrote them into a file of FITS."""
    if not pa.types.is_string(column.values.type):
        return column
    return replace(column, values=out_of_ascii(column.values))


def _masked(columns: list[RawColumn]) -> list[RawColumn]:
    """Return columns with what is missing null, where astropy says that in columns beside them."""
    masks = {
        one.name.removesuffix(_MASK): one.values
        for one in columns
        if one.name.endswith(_MASK) and one.values.type == pa.bool_()
    }
    masks = {name: mask for name, mask in masks.items() if name in {one.name for one in columns}}
    return [
        replace(one, values=_without(one.values, masks[one.name])) if one.name in masks else one
        for one in columns
        if not (one.name.endswith(_MASK) and one.name.removesuffix(_MASK) in masks)
    ]


def _without(values: pa.Array, missing: pa.Array) -> pa.Array:
    return pc.if_else(missing, pa.scalar(None, values.type), values)


def _read(path: Path, file: TableFile, names: list[str], most_bytes: int) -> list[pa.RecordBatch]:
    batches: list[pa.RecordBatch] = []
    taken = 0
    for batch in file.batches(names):
        _refuse_refused(path, batch)
        taken += batch.columns.nbytes
        if taken > most_bytes:
            raise too_large(str(path), most_bytes)
        batches.append(batch.columns)
    return batches


def _refuse_refused(path: Path, batch: RawBatch) -> None:
    for one in batch.refused:
        raise UploadRefused(
            f"{path}, row {one.row_number}: {one.reason}.", remedy="Mend the row, or take it out."
        )


def _joined(batches: list[pa.RecordBatch], name: str) -> pa.Array:
    if not batches:
        return pa.array([], pa.string())
    joined = pa.chunked_array([one.column(name) for one in batches]).combine_chunks()
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def too_large(origin: str, most_bytes: int) -> UploadRefused:
    """Return the error that says that a table takes too much memory."""
    return UploadRefused(
        f"{origin} takes more than the {most_bytes / 2**20:.0f} MiB that uploads may take.",
        remedy="Keep the columns and rows that the query needs.",
    )
