from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits
from astropy.table import Table

from starledger.ingest.catalogs.files.fits_table import FitsTable
from starledger.ingest.catalogs.files.source import Source
from starledger.ingest.catalogs.files.table import UnreadableTable
from tests.ingest.catalogs.files.small_tables import gather, read
from tests.real_data import real_path


def _write(path: Path, *columns: fits.Column, **cards: Any) -> Path:
    hdu = fits.BinTableHDU.from_columns(columns)
    hdu.header.update(cards)
    hdu.writeto(path)
    return path


def test_types_of_columns(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "stars.fits",
        fits.Column("logical", "L", array=[True, False]),
        fits.Column("byte", "B", array=[0, 255]),
        fits.Column("signed", "B", bzero=-128, array=np.array([-128, 127], np.int8)),
        fits.Column("short", "I", null=-32768, array=[-32768, 5]),
        fits.Column("unsigned", "J", bzero=1 << 31, array=np.array([0, (1 << 32) - 1], np.uint32)),
        fits.Column("huge", "K", bzero=1 << 63, array=np.array([1, (1 << 64) - 1], np.uint64)),
        fits.Column("long", "K", array=[(1 << 63) - 1, -(1 << 63)]),
        fits.Column("scaled", "I", array=[2, 5]),
        fits.Column("float", "E", unit="K", array=[np.nan, 1.5]),
        fits.Column("vector", "3D", array=[[1, 2, 3], [4, 5, 6]]),
        fits.Column("text", "6A", array=["  K5", "F 0   "]),
        fits.Column("texts", "6A", dim="(3,2)", array=[["ab", "c"], ["", "def"]]),
        TSCAL8=0.5,
        TZERO8=10.0,
    )
    with fits.open(path, "update") as file:
        file[0].header["SURVEY"] = ("lamost", "where from")
    table = FitsTable(Source(path))
    (batch,) = table.batches(table.about.names)
    found = batch.columns
    assert found.schema.field("signed").type == pa.int8()
    assert found.schema.field("huge").type == pa.uint64()
    assert found.schema.field("float").type == pa.float32()
    assert found.column("float").null_count == 0
    assert np.isnan(found.column("float")[0].as_py())
    assert found.drop_columns(["float"]).to_pydict() == {
        "logical": [True, False],
        "byte": [0, 255],
        "signed": [-128, 127],
        "short": [None, 5],
        "unsigned": [0, (1 << 32) - 1],
        "huge": [1, (1 << 64) - 1],
        "long": [(1 << 63) - 1, -(1 << 63)],
        "scaled": [11.0, 12.5],
        "vector": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
        "text": ["  K5", "F 0"],
        "texts": [["ab", "c"], ["", "def"]],
    }
    assert (table.about.units, table.about.rows) == ({"float": "K"}, 2)
    assert table.about.meta == {"SURVEY": "lamost"}


def test_truth_values_that_are_none(tmp_path: Path) -> None:
    path = _write(tmp_path / "stars.fits", fits.Column("flag", "L", array=[True, False, True]))
    contents = bytearray(path.read_bytes())
    contents[5762] = 0
    path.write_bytes(contents)
    assert read(path).columns == {"flag": [True, False, None]}


def test_texts_of_other_encodings(tmp_path: Path) -> None:
    raw = np.array([b"caf\xe9", b"caf\xc3\xa9", b"a\0b"])
    path = _write(tmp_path / "stars.fits", fits.Column("text", "5A", array=raw))
    assert read(path).columns == {"text": ["café", "café", "a"]}


def test_the_table_of_the_most_rows_is_read(tmp_path: Path) -> None:
    tables = [
        fits.BinTableHDU.from_columns([fits.Column("n", "J", array=np.arange(rows))])
        for rows in (1, 5, 5, 0)
    ]
    tables[2].columns.change_name("n", "other")
    image = fits.ImageHDU(np.zeros((3, 3)))
    path = tmp_path / "stars.fits"
    fits.HDUList([fits.PrimaryHDU(), image, *tables]).writeto(path)
    assert read(path).columns == {"n": [0, 1, 2, 3, 4]}


@pytest.mark.parametrize(
    ("form", "said"),
    [("PJ(3)", "arrays of varying length"), ("9X", "bits"), ("C", "complex numbers")],
)
def test_columns_that_are_not_read_are_refused_when_wanted(
    tmp_path: Path, form: str, said: str
) -> None:
    array = np.array([[1, 2], [3, 4]], object) if form.startswith("P") else None
    path = _write(
        tmp_path / "stars.fits",
        fits.Column("n", "J", array=[1, 2]),
        fits.Column("odd", form, array=array),
    )
    assert read(path, ["n"]).columns == {"n": [1, 2]}
    with pytest.raises(UnreadableTable, match=f"holds {said} in column 'odd'"):
        read(path, ["odd"])


def test_files_without_a_binary_table(tmp_path: Path) -> None:
    image, text = tmp_path / "image.fits", tmp_path / "text.fits"
    fits.PrimaryHDU(np.zeros((2, 2))).writeto(image)
    fits.TableHDU.from_columns([fits.Column("n", "I5", array=[1])]).writeto(text)
    with pytest.raises(UnreadableTable, match="holds images but no binary table"):
        read(image)
    with pytest.raises(UnreadableTable, match="holds an ASCII table"):
        read(text)


def test_columns_of_one_name(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "stars.fits",
        fits.Column("aa", "J", array=[1]),
        fits.Column("ab", "J", array=[1]),
    )
    path.write_bytes(path.read_bytes().replace(b"'ab      '", b"'aa      '"))
    with pytest.raises(UnreadableTable, match="several columns of one name: 'aa'"):
        read(path)


def test_what_is_missing_of_a_file_is_said(tmp_path: Path) -> None:
    path = _write(tmp_path / "stars.fits", fits.Column("n", "J", array=np.arange(1000)))
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(UnreadableTable, match="should have 4000 bytes of data, of which 760 are"):
        read(path)


def test_a_header_that_contradicts_itself(tmp_path: Path) -> None:
    path = _write(tmp_path / "stars.fits", fits.Column("n", "J", array=np.arange(1000)))
    path.write_bytes(path.read_bytes().replace(b"'J       '", b"'K       '"))
    with pytest.raises(UnreadableTable, match="have 8 bytes, its rows 4"):
        read(path)


@pytest.mark.real_data
def test_a_wide_real_table_is_as_astropy_reads_it() -> None:
    path = real_path("catalogs", "APOGEE-allStar-v603-Hipparcos.fits.gz")
    reference = Table.read(path, unit_parse_strict="silent")
    with Source(path, packed=True).unpacked() as plain:
        found = gather(FitsTable(plain))
    for name in reference.colnames:
        column = reference[name]
        expected = column.tolist()
        if column.dtype.kind == "S":
            expected = np.char.rstrip(np.char.decode(np.asarray(column))).tolist()
        assert np.array_equal(
            np.array(found.columns[name], object).astype(str),
            np.array(expected, object).astype(str),
        ), name
