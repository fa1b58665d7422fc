"""Arrays: what each format makes of columns of them, or why it refuses them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits, votable
from astropy.table import Table
from pyarrow import parquet

from starledger.catalog.export.about import About
from starledger.catalog.export.batches import of_length
from starledger.catalog.export.errors import ExportError
from starledger.catalog.export.formats import Format
from starledger.catalog.export.kinds import schema_of
from starledger.catalog.export.writing import write
from starledger.catalog.fields import Field

FIELDS = (
    Field("star_id", "bigint", "dimensionless", "meta.id", "number of the star"),
    Field("flux", "real[]", "Jy", "phot.flux", "flux in some bands"),
    Field("ids", "bigint[]", "dimensionless", "meta.id", "numbers of spectra"),
    Field("name", "text", "dimensionless", "meta.id", "its name"),
)
ABOUT = About("Arrays", "rows of arrays")
LARGE = 2**60 + 1
SAME: list[tuple[Any, ...]] = [
    (1, None, [1, 2], "a"),
    (2, [0.1, 2.5, None], [LARGE, -1], None),
    (3, [1e30, -0.0, 7.0], None, "a longer name"),
]
"""Rows whose arrays are of one length in each column."""
VARIOUS: list[tuple[Any, ...]] = [*SAME, (4, [], [5], "α"), (5, [0.5], [], "b")]


def _batch(rows: list[tuple[Any, ...]]) -> pa.RecordBatch:
    schema = schema_of(FIELDS)
    arrays = [pa.array([row[place] for row in rows], one.type) for place, one in enumerate(schema)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _written(folder: Path, format_: Format, rows: list[tuple[Any, ...]]) -> Path:
    path = folder / f"rows{format_.ending}"
    first = write(path, format_, FIELDS, [_batch(rows)], ABOUT)
    # The bytes do not depend on how the rows come.
    assert write(path, format_, FIELDS, of_length(1, [_batch(rows)]), ABOUT) == first
    return path


def _listed(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in zip(*_batch(rows).to_pydict().values(), strict=True)]


def test_fits_has_arrays_of_one_length(fitsverify: str, tmp_path: Path) -> None:
    path = _written(tmp_path, Format.FITS, SAME)
    done = subprocess.run([fitsverify, path], capture_output=True, text=True, check=False)
    assert "0 warning(s) and 0 error(s)" in done.stdout, done.stdout
    with fits.open(path) as file:
        rows, header = file[1].data, file[1].header
        assert (header["TFORM2"], header["TFORM3"]) == ("3E", "2K")
        null = header["TNULL3"]
        assert rows["ids"].tolist() == [[1, 2], [LARGE, -1], [null, null]]
        flux = np.array([[np.nan] * 3, [0.1, 2.5, np.nan], [1e30, -0.0, 7.0]], np.float32)
        assert rows["flux"].astype("<f4").tobytes() == flux.tobytes()
    with pytest.raises(ExportError, match="flux holds arrays of 0 and 1 and 3 values"):
        _written(tmp_path, Format.FITS, VARIOUS)
    with pytest.raises(ExportError, match="flux holds NaN"):
        _written(tmp_path, Format.FITS, [(1, [float("nan")], [1], "a")])


def test_parquet_has_lists(tmp_path: Path) -> None:
    found = parquet.read_table(_written(tmp_path, Format.PARQUET, VARIOUS))
    assert found.to_pylist() == _batch(VARIOUS).to_pylist()
    assert found.schema.field("ids").type == pa.list_(pa.int64())


def test_votable_has_arrays_of_any_length(tmp_path: Path) -> None:
    path = _written(tmp_path, Format.VOTABLE, VARIOUS)
    table = votable.parse(path, verify="exception").get_first_table()
    assert [one.arraysize for one in table.fields] == [None, "*", "*", "*"]
    for name, place in (("flux", 1), ("ids", 2)):
        for found, wanted in zip(table.array[name], _listed(VARIOUS), strict=True):
            values = [] if wanted[place] is None else wanted[place]
            plain = np.ma.filled(np.ma.asarray(found, np.float64), np.nan)
            np.testing.assert_array_equal(plain, np.array(values, np.float64))
    with pytest.raises(ExportError, match="ids holds arrays of integers of which some are missing"):
        _written(tmp_path, Format.VOTABLE, [(1, [1.0], [1, None], "a")])


def test_json_has_lists(tmp_path: Path) -> None:
    rows = json.loads(_written(tmp_path, Format.JSON, VARIOUS).read_bytes())["rows"]
    for found, wanted in zip(rows, _listed(VARIOUS), strict=True):
        assert (found[0], found[2], found[3]) == (wanted[0], wanted[2], wanted[3])
        assert pa.array([found[1]], pa.list_(pa.float32())).to_pylist() == [wanted[1]]
    with pytest.raises(ExportError, match="flux holds a number that is infinite"):
        _written(tmp_path, Format.JSON, [(1, [float("inf")], [1], "a")])


def test_ecsv_has_lists_that_astropy_reads(tmp_path: Path) -> None:
    read = Table.read(_written(tmp_path, Format.ECSV, VARIOUS), format="ascii.ecsv")
    for found, wanted in zip(read["ids"], _listed(VARIOUS), strict=True):
        # astropy takes a null for an empty one.
        assert list(found) == (wanted[2] or [])
    assert read["flux"].unit is not None


def test_comma_separated_values_refuse_them(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="flux holds arrays, which comma-separated"):
        _written(tmp_path, Format.CSV, SAME)
    assert list(tmp_path.iterdir()) == []
