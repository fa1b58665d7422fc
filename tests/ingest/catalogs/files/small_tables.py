"""Small catalogs in every format, and reading them whole."""

from __future__ import annotations

import gzip
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.io.votable import from_table
from astropy.table import MaskedColumn, Table

from starledger.ingest.catalogs.files.opening import open_table
from starledger.ingest.catalogs.files.table import About, Refusal, TableFile

FORMATS = (
    "csv", "csv.gz", "bars.txt", "ecsv", "fits", "fits.gz", "parquet",
    "tabledata.vot", "binary.vot", "binary2.vot", "binary2.vot.gz",
)  # fmt: skip


def stars(rows: int, seed: int = 0) -> Table:
    """Return a catalog with identifiers of 63 bits, texts, truth values, nulls and units."""
    rng = np.random.default_rng(seed)
    table = Table(
        {
            "source_id": rng.integers(1 << 60, (1 << 63) - 1, rows),
            "designation": np.array([f"Gaia DR3 {number}" for number in range(rows)], "U20"),
            "ra": rng.uniform(0.0, 360.0, rows),
            "teff": rng.uniform(4000.0, 7000.0, rows).astype(np.float32),
            "visits": MaskedColumn(
                rng.integers(0, 9, rows).astype(np.int16), mask=rng.random(rows) < 0.3
            ),
        }
    )
    table["ra"].unit = "deg"
    return table


def write(table: Table, path: Path) -> Path:
    """Write a table in the format that the path's ending says."""
    ending = path.name.partition(".")[2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if "vot" in ending:
            _write_votable(table, path, ending.split(".")[0])
        elif ending.startswith("fits"):
            table.write(path, format="fits", overwrite=True)
        elif ending == "parquet":
            _write_parquet(table, path)
        elif ending == "ecsv":
            table.write(path, format="ascii.ecsv", delimiter=",", overwrite=True)
        else:
            delimiter = "|" if "bars" in ending else ","
            plain = path.with_name("plain")
            table.write(plain, format="ascii.csv", delimiter=delimiter, overwrite=True)
            _pack(plain, path)
    return path


def _write_parquet(table: Table, path: Path) -> None:
    """Write a Parquet file as others than astropy do, which has no nulls."""
    arrays = [
        pa.array(np.asarray(table[name]), mask=np.array(getattr(table[name], "mask", None)))
        if name == "visits"
        else pa.array(table[name].tolist(), None if name != "teff" else pa.float32())
        for name in table.colnames
    ]
    fields = [
        pa.field(name, array.type, metadata={"unit": str(table[name].unit or "")})
        for name, array in zip(table.colnames, arrays, strict=True)
    ]
    pq.write_table(pa.table(arrays, pa.schema(fields)), path, row_group_size=200)


def _write_votable(table: Table, path: Path, kind: str) -> None:
    document = from_table(table)
    for field in document.get_first_table().fields:
        if field.name == "visits":
            field.values.null = 99
    plain = path.with_name("plain")
    document.to_xml(str(plain), tabledata_format=kind)
    _pack(plain, path)


def _pack(plain: Path, path: Path) -> None:
    contents = plain.read_bytes()
    path.write_bytes(gzip.compress(contents) if path.name.endswith(".gz") else contents)
    plain.unlink()


@dataclass(frozen=True)
class Read:
    """A file read whole."""

    about: About
    columns: dict[str, list[Any]]
    numbers: list[int]
    refused: list[Refusal]

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        return list(zip(*self.columns.values(), strict=True))


def read(path: Path, wanted: Sequence[str] | None = None) -> Read:
    """Read the wanted columns of a file, all that have a name unless told."""
    with open_table(path) as table:
        return gather(table, wanted)


def gather(table: TableFile, wanted: Sequence[str] | None = None) -> Read:
    """Gather what the batches of an open file hold."""
    names = [name for name in table.about.names if name] if wanted is None else list(wanted)
    columns: dict[str, list[Any]] = {name: [] for name in names}
    numbers: list[int] = []
    refused: list[Refusal] = []
    for batch in table.batches(names):
        batch.columns.validate(full=True)
        assert len(batch.row_numbers) == batch.columns.num_rows
        for name in names:
            columns[name] += batch.columns.column(name).to_pylist()
        numbers += batch.row_numbers.tolist()
        refused += batch.refused
    return Read(table.about, columns, numbers, refused)
