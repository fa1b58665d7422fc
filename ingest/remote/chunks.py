"""The files of a download: one for each piece that was answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from starledger.ingest.remote import manifest
from starledger.ingest.remote.manifest import PieceRecord


def write_chunk(folder: Path, name: str, told: str, table: pa.Table, key: str) -> PieceRecord:
    """Write the answer to a piece, and return what became of the piece.

    Parameters
    ----------
    folder, name, told
        Of the download, and of the piece.
    table
        The rows, in any order: the file has them by their key, so that the same rows are always
        the same bytes.
    key
        The column that tells rows apart.
    """
    file = folder / f"chunk-{name}.parquet"
    with scratch(folder / f".{name}.parquet.part") as part:
        pq.write_table(_ordered(table, key), part, compression="zstd")
        digest = manifest.sha256_of(part)
        part.replace(file)
    return PieceRecord(told, file.name, table.num_rows, digest, manifest.now())


@contextmanager
def scratch(file: Path) -> Iterator[Path]:
    """Give a file that is gone at the end, whatever happens."""
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def is_there(folder: Path, record: PieceRecord) -> bool:
    """Tell whether the file of a piece is there, unchanged."""
    file = folder / str(record.file)
    return file.exists() and manifest.sha256_of(file) == record.sha256


def clear(folder: Path) -> None:
    """Remove a download; the manifest goes first, lest it tell of files that are gone."""
    (folder / manifest.NAME).unlink(missing_ok=True)
    for file in folder.glob("chunk-*.parquet"):
        file.unlink()


def _ordered(table: pa.Table, key: str) -> pa.Table:
    key = key.strip('"')
    others = [
        column.name
        for column in table.schema
        if column.name != key and not pa.types.is_list(column.type)
    ]
    keys = [(name, "ascending") for name in (key, *others)]
    return table.take(pc.sort_indices(table, sort_keys=keys))
