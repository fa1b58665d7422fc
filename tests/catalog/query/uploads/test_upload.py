"""Uploads of every kind: the same columns and rows, nulls null, integers exact."""

from __future__ import annotations

import gzip
import math
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.table import MaskedColumn, Table

from starledger.catalog.export.about import About
from starledger.catalog.export.formats import Format
from starledger.catalog.export.writing import write
from starledger.catalog.fields import Field
from starledger.catalog.query.errors import UploadRefused
from starledger.catalog.query.uploads.upload import Upload, read_uploads
from starledger.ingest.catalogs.files.table import UnreadableTable
from starledger.schema.sky import healpix_cells

LARGE = 2**53 + 1
"""A double would round it."""
ENOUGH = 1 << 28
ENDINGS = ("fits", "vot", "csv", "ecsv", "parquet")


def stars() -> Table:
    """Return a table with 64-bit integers, texts beyond ASCII, truth values and nulls."""
    table = Table(
        {
            "source_id": MaskedColumn([LARGE, -2, 3], mask=[False, False, True]),
            "RA": [10.0, 20.0, 30.0] * u.deg,
            "Dec": [1.0, -2.0, math.nan] * u.deg,
            "name": MaskedColumn(["Barnard's star", "α Cen", "x"], mask=[False, False, True]),
            "teff": MaskedColumn(
                np.array([5772.5, 0.0, 4000.0], np.float32), mask=[0, 1, 0], unit="K"
            ),
            "good": [True, False, True],
        }
    )
    table["RA"].info.meta = {"ucd": "pos.eq.ra;meta.main"}
    return table


ROWS = [
    {"source_id": LARGE, "RA": 10.0, "Dec": 1.0, "name": "Barnard's star", "teff": 5772.5,
     "good": True},
    {"source_id": -2, "RA": 20.0, "Dec": -2.0, "name": "α Cen", "teff": None, "good": False},
    {"source_id": None, "RA": 30.0, "Dec": None, "name": None, "teff": 4000.0, "good": True},
]  # fmt: skip


def written(folder: Path, ending: str, given: Table | None = None) -> Path:
    """Write a table to a file of some format."""
    table: Any = stars() if given is None else given
    path = folder / f"stars.{ending}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if ending == "fits" and "name" in table.colnames:
            table["name"] = np.char.encode(np.asarray(table["name"].filled("")), "utf-8")
        table.write(path, **({"format": "votable"} if ending == "vot" else {}))
    return path


def read(source: Any, name: str = "mine") -> Upload:
    """Read one upload."""
    (upload,) = read_uploads({name: source}, ENOUGH)
    return upload


def rows(upload: Upload) -> list[dict[str, Any]]:
    """Return the rows of an upload without the cells that it got."""
    found: list[dict[str, Any]] = upload.rows.drop_columns(["healpix"]).to_pylist()
    return found


@pytest.mark.parametrize("ending", ENDINGS)
def test_files_of_every_format_are_read_alike(tmp_path: Path, ending: str) -> None:
    upload = read(written(tmp_path, ending))
    assert rows(upload) == ROWS
    fields = {one.name: one for one in upload.fields}
    assert (fields["source_id"].type, fields["name"].type) == ("bigint", "text")
    assert fields["good"].type == "boolean"
    assert fields["RA"].ucd == "pos.eq.ra;meta.main"
    if ending != "csv":
        assert (fields["RA"].unit, fields["teff"].unit, fields["teff"].type) == ("deg", "K", "real")
    assert upload.notes == ()


@pytest.mark.parametrize("kind", ["astropy", "arrow"])
def test_tables_in_memory_are_read_alike(kind: str) -> None:
    table = stars()
    source = table if kind == "astropy" else pa.Table.from_pylist(ROWS)
    upload = read(source)
    assert rows(upload) == ROWS
    assert upload.table().rows == 3


def test_texts_of_our_own_fits_are_what_they_were(tmp_path: Path) -> None:
    path = tmp_path / "mine.fits"
    names = ["Cramér", "a\\b", "\\xe9", "α \U0001f31f", "ends in a blank ", None, "plain", "a\nb"]
    fields = [Field("name", "text", "dimensionless", "meta.id", "name")]
    write(path, Format.FITS, fields, [pa.record_batch({"name": names})], About("Names", "names"))
    (ours,) = read_uploads({"mine": path}, ENOUGH)
    assert ours.rows.column("name").to_pylist() == names
    other = tmp_path / "other.fits"
    Table({"name": ["a\\x20", "a\\\\b"]}).write(other)
    (foreign,) = read_uploads({"mine": other}, ENOUGH)
    assert foreign.rows.column("name").to_pylist() == ["a\\x20", "a\\\\b"]


def test_a_gzipped_file_is_unpacked(tmp_path: Path) -> None:
    path = written(tmp_path, "csv")
    with path.open("rb") as plain, gzip.open(tmp_path / "stars.csv.gz", "wb") as packed:
        shutil.copyfileobj(plain, packed)
    assert rows(read(tmp_path / "stars.csv.gz")) == ROWS


def test_positions_get_their_cell_of_the_sky(tmp_path: Path) -> None:
    upload = read(written(tmp_path, "ecsv"))
    cells = upload.rows.column("healpix").to_pylist()
    assert cells == [*healpix_cells([10.0, 20.0], [1.0, -2.0]).tolist(), None]
    assert upload.fields[-1].name == "healpix"
    assert {one.name: one.ucd for one in upload.fields}["Dec"] == "pos.eq.dec;meta.main"


def test_positions_are_found_by_their_ucd_before_their_name() -> None:
    table = Table({"ra": [1.0], "dec": [2.0], "x": [30.0], "y": [40.0]})
    table["x"].info.meta, table["y"].info.meta = {"ucd": "pos.eq.ra"}, {"ucd": "pos.eq.dec"}
    upload = read(table)
    assert upload.rows.column("healpix").to_pylist() == healpix_cells(30.0, 40.0).tolist()


@pytest.mark.parametrize("ending", ["fits", "vot", "ecsv", "parquet"])
def test_files_say_ucds_in_their_own_ways(tmp_path: Path, ending: str) -> None:
    table: Any = Table({"ra": [1.0], "dec": [2.0], "x": [30.0], "y": [40.0]})
    for name, ucd in (("x", "pos.eq.ra;meta.main"), ("y", "pos.eq.dec;meta.main")):
        table[name].meta["ucd"] = ucd
    path = written(tmp_path, ending, table)
    if ending == "fits":
        for number in (3, 4):
            fits.setval(path, f"TUCD{number}", value=table.columns[number - 1].meta["ucd"], ext=1)
    upload = read(path)
    assert upload.rows.column("healpix").to_pylist() == healpix_cells(30.0, 40.0).tolist()


def test_a_healpix_column_of_the_users_own_stays() -> None:
    upload = read(Table({"ra": [1.0], "dec": [2.0], "healpix": [7]}))
    assert upload.rows.column("healpix").to_pylist() == [7]


def test_positions_in_hours_are_not_taken_for_degrees() -> None:
    upload = read(Table({"ra": [1.0] * u.hourangle, "dec": [2.0] * u.deg}))
    assert "healpix" not in upload.rows.column_names
    assert "searched in degrees" in upload.notes[0]


def test_text_of_csv_is_what_it_looks_like(tmp_path: Path) -> None:
    path = tmp_path / "stars.csv"
    path.write_text(
        "n,x,padded,huge,mixed,truth,none\n"
        "1,1e3,007,99999999999999999999,1,true,\n"
        "+2,nan,008,1,b,False,\n"
        ",.5,,,,,\n"
    )
    upload = read(path)
    assert [one.type for one in upload.fields] == [
        "bigint", "double precision", "text", "text", "text", "boolean", "text",
    ]  # fmt: skip
    assert upload.rows.to_pylist()[1]["n"] == 2
    assert [list(row.values()) for row in upload.rows.to_pylist()][2] == [
        None, 0.5, None, None, None, None, None,
    ]  # fmt: skip


def test_digits_that_ecsv_declares_text_stay_text(tmp_path: Path) -> None:
    upload = read(written(tmp_path, "ecsv", Table({"name": ["12", "13"], "n": [1, 2]})))
    assert upload.rows.column("name").to_pylist() == ["12", "13"]


def test_a_unit_that_nobody_knows_is_left_away_with_a_word(tmp_path: Path) -> None:
    table = Table({"a": [1.0, 2.0], "b": [1.0, 2.0]})
    table["a"].unit = u.Unit("furlongs", parse_strict="silent")
    table["b"].unit = "km/s"
    upload = read(table)
    assert [one.unit for one in upload.fields] == ["dimensionless", "km.s**-1"]
    (note,) = upload.notes
    assert "'furlongs'" in note
    assert "'a'" in note


def test_columns_of_several_values_are_left_out_with_a_word() -> None:
    upload = read(Table({"a": [1, 2], "spectrum": np.ones((2, 3))}))
    assert upload.rows.column_names == ["a"]
    assert "'spectrum'" in upload.notes[0]


@pytest.mark.parametrize(
    ("name", "said"),
    [("1st", "cannot be called '1st'"), ("a.b", "cannot be called"), ("", "cannot be called"),
     ('x"; drop', "cannot be called")],
)  # fmt: skip
def test_names_that_cannot_be_written_are_refused(name: str, said: str) -> None:
    with pytest.raises(UploadRefused, match=said):
        read(Table({"a": [1]}), name)


def test_two_uploads_of_one_name_are_refused() -> None:
    with pytest.raises(UploadRefused, match="Two uploads"):
        read_uploads({"mine": Table({"a": [1]}), "MINE": Table({"a": [1]})}, ENOUGH)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n3\n", r"row 2: has 1 fields where the header has 2"),
        ("ra,dec\n1,2\n3,-95\n", r"holds -95 in column 'dec', in row 2"),
        ("ra,dec\n1,2\n3,4\n1000,4\n", r"holds 1000 in column 'ra', in row 3"),
        ("a,\n1,2\n", None),
        ("Teff,teff\n1,2\n", r"columns 'Teff' and 'teff', which ADQL takes for one"),
        ("a,xmin\n1,2\n", r"calls a column 'xmin'"),
        (f"a,{'x' * 70}\n1,2\n", r"of at most 63 bytes"),
        (
            "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: a, datatype: int64}\n"
            "# - {name: b, datatype: float64}\na b\n1 2.5\n2 many\n",
            r"holds 'many' in column 'b', in row 2, where its header declares a number",
        ),
        (
            "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: a, datatype: int64}\n"
            "# - {name: b, datatype: int64}\na b\n1 2.5\n",
            r"holds '2.5' in column 'b', in row 1, where its header declares an integer",
        ),
    ],
)
def test_what_is_wrong_is_named_by_file_column_and_row(
    tmp_path: Path, content: str, said: str | None
) -> None:
    path = tmp_path / "stars.csv"
    path.write_text(content)
    if said is None:
        assert read(path).rows.column_names == ["a"]
        return
    with pytest.raises(UploadRefused, match=said) as raised:
        read(path)
    assert str(path) in str(raised.value)


def test_bytes_that_are_no_utf8_are_named(tmp_path: Path) -> None:
    path = tmp_path / "stars.csv"
    path.write_bytes(b"a,b\nx,y\nx,\xff\xfe\xfa\n")
    with pytest.raises(UploadRefused, match="row 2: is not UTF-8"):
        read(path)
    damaged = pa.array([b"x", b"\xff"]).view(pa.string())
    with pytest.raises(UploadRefused, match="in column 'a' that are not UTF-8, in row 2"):
        read(pa.table({"a": damaged}))


def test_integers_beyond_64_bits_with_a_sign_are_refused() -> None:
    with pytest.raises(UploadRefused, match=r"holds 18446744073709551615 .* in row 2"):
        read(Table({"id": np.array([1, 2**64 - 1], np.uint64)}))


def test_a_text_with_a_zero_byte_is_refused() -> None:
    with pytest.raises(UploadRefused, match="zero byte in column 'a', in row 1"):
        read(pa.table({"a": ["x\0y"]}))


def test_what_takes_too_much_memory_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "parquet", Table({"a": np.arange(100_000)}))
    for source in (path, Table({"a": np.arange(100_000)})):
        with pytest.raises(UploadRefused, match="more than the 0 MiB"):
            read_uploads({"mine": source}, 1000)


@pytest.mark.parametrize("source", [7, [1, 2], {"a": [1]}])
def test_what_is_no_table_is_refused(source: object) -> None:
    with pytest.raises(UploadRefused, match="not a table"):
        read(source)


def test_columns_of_objects_are_refused() -> None:
    table = Table({"a": np.array([{}, None], object)})
    with pytest.raises(UploadRefused, match="in column 'a'"):
        read(table)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableTable, match=r"nowhere\.fits cannot be read"):
        read(tmp_path / "nowhere.fits")


def test_an_empty_table_is_one(tmp_path: Path) -> None:
    path = tmp_path / "stars.csv"
    path.write_text("ra,dec,name\n")
    assert read(path).rows.num_rows == 0
