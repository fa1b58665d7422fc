from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest

from starledger.ingest.catalogs.files.opening import open_table
from starledger.ingest.catalogs.files.table import UnreadableTable
from tests.ingest.catalogs.files.small_tables import FORMATS, read, stars, write
from tests.real_data import real_path


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_gives_the_same_rows(tmp_path: Path, ending: str) -> None:
    table = stars(500)
    found = read(write(table, tmp_path / f"stars.{ending}"))
    assert found.refused == []
    assert found.numbers == list(range(1, 501))
    assert list(found.about.names) == table.colnames
    assert [int(value) for value in found.columns["source_id"]] == table["source_id"].tolist()
    assert found.columns["designation"] == table["designation"].tolist()
    assert [float(value) for value in found.columns["ra"]] == table["ra"].tolist()
    teff = np.array([float(value) for value in found.columns["teff"]], np.float32)
    assert (teff == table["teff"]).all()
    visits = [None if value in {None, ""} else int(value) for value in found.columns["visits"]]
    assert visits == table["visits"].tolist()


@pytest.mark.parametrize("ending", ["ecsv", "fits", "parquet", "tabledata.vot", "binary2.vot"])
def test_formats_with_units_give_them(tmp_path: Path, ending: str) -> None:
    with open_table(write(stars(3), tmp_path / f"stars.{ending}")) as table:
        assert {name: u.Unit(unit) for name, unit in table.about.units.items()} == {"ra": u.deg}


def test_rows_can_be_read_twice(tmp_path: Path) -> None:
    with open_table(write(stars(20), tmp_path / "stars.csv.gz")) as table:
        assert [len(batch.row_numbers) for batch in table.batches(["ra"])] == [20]
        assert [len(batch.row_numbers) for batch in table.batches(["teff"])] == [20]


@pytest.mark.parametrize("ending", FORMATS)
def test_a_column_that_is_not_there_is_named(tmp_path: Path, ending: str) -> None:
    path = write(stars(3), tmp_path / f"stars.{ending}")
    with pytest.raises(UnreadableTable, match="has no column 'logg'"):
        read(path, ["ra", "logg"])


@pytest.mark.parametrize("ending", FORMATS)
def test_a_table_without_rows(tmp_path: Path, ending: str) -> None:
    found = read(write(stars(3)[:0], tmp_path / f"stars.{ending}"))
    assert (found.numbers, found.refused) == ([], [])


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (b"", "is empty"),
        (b"\x89HDF\r\n\x1a\n" + bytes(50), "is an HDF5 file"),
        (b"PK\x03\x04" + bytes(50), "is a zip archive"),
        (bz2.compress(b"a,b\n1,2\n"), "is packed by bzip2"),
        (gzip.compress(gzip.compress(b"a,b\n1,2\n")), "is gzipped twice"),
        (b"\x80\x04\x95" + bytes(9), "is a pickle"),
        (b"<!DOCTYPE html><html>Not found</html>", "is a web page"),
        (b"<?xml version='1.0'?><TAP/>", "holds XML of the kind 'TAP'"),
        ("a,b\n1,2\n".encode("utf-16"), "is UTF-16 text"),
        (bytes(range(256)) * 4, "is filled|is of no kind"),
        (b"Just some words.\n", "is no table"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_table_is_refused_by_name(tmp_path: Path, contents: bytes, said: str) -> None:
    path = tmp_path / "stars.csv"
    path.write_bytes(contents)
    with pytest.raises(UnreadableTable, match=said), open_table(path):
        pass


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.csv"):
        with pytest.raises(UnreadableTable, match="cannot be read"), open_table(path):
            pass


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [
        ("catalogs/APOGEE-allStar-v603-Hipparcos.fits.gz", 3244, 182),
        ("catalogs/GALAH_GBS2.1.fits", 29, 61),
        ("catalogs/apogee_dr12_labels.csv", 9618, 23),
        ("catalogs/galah_dr3_column_meta.txt", 871, 6),
        ("catalogs/galah_dr3_output_structure.fits", 1, 592),
        ("catalogs/lamost_apogee_labels.fits", 1387, 8),
        ("catalogs/reference_labels.csv", 11057, 5),
        ("lamost/dr3_catalog_part.csv", 35, 16),
        ("lamost/pilot_lasp_labels.csv", 131, 53),
    ],
)
def test_real_catalogs_open_whole(name: str, rows: int, columns: int) -> None:
    found = read(real_path(name))
    assert found.refused == []
    assert found.numbers == list(range(1, rows + 1))
    assert len(found.about.names) == columns
