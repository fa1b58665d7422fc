"""A release as files: all of it comes back, the same bytes, and columns say what they are."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import votable
from astropy.table import Table
from pyarrow import parquet
from sqlalchemy import text

from starledger.catalog.export.errors import ExportError, NoSuchView
from starledger.catalog.export.exporting import Planned, export, plan
from starledger.catalog.export.formats import Format
from starledger.catalog.export.manifest import Exported, beside, verify
from starledger.catalog.fields import Field
from starledger.catalog.plain_ascii import plain_ascii
from starledger.schema.database import Database
from starledger.schema.units import DIMENSIONLESS
from tests.catalog.export.read_back import read_back

SHOWN = ("star", "fit")
"""Views that a program that is slow to start looks at."""


def _exported(
    database: Database, folder: Path, format_: Format, views: tuple[str, ...] = ()
) -> list[Exported]:
    return export(database, plan(database, "dr2", views=views, format=format_, out=folder))


@pytest.mark.parametrize("format_", Format)
def test_a_file_is_its_view(released: Database, format_: Format, tmp_path: Path) -> None:
    for one in _exported(released, tmp_path, format_):
        fields, table = one.selection.fields, one.selection.table
        found = read_back(one.path, format_, fields)
        order = ", ".join(
            f'{name} COLLATE "C"' if field.type == "text" else name
            for name in one.selection.order
            for field in fields
            if field.name == name
        )
        # By another driver, and from the view rather than from its copy.
        query = f"SELECT * FROM {table.schema}.{table.name} ORDER BY {order}"
        with released.engine().connect() as connection:
            wanted = connection.execute(text(query)).all()
        assert found.num_rows == len(wanted) == one.written.rows == table.rows
        for place, field in enumerate(fields):
            values = [_said(row[place]) for row in wanted]
            assert (
                found.column(place)
                .combine_chunks()
                .equals(pa.array(values, found.schema.field(place).type))
            ), (table.name, field.name)


def _said(value: object) -> object:
    """Return a time as files have it, and anything else as it is."""
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    return value


def test_a_release_has_rows_worth_reading(released: Database, tmp_path: Path) -> None:
    rows = {one.selection.table.name: one.written.rows for one in
            _exported(released, tmp_path, Format.PARQUET)}  # fmt: skip
    assert set(rows) > {"star", "visit", "fit", "crossmatch", "flag", "column_info", "provenance"}
    assert min(rows["star"], rows["fit"], rows["column_info"]) > 0


@pytest.mark.parametrize("format_", Format)
def test_twice_is_the_same(released: Database, format_: Format, tmp_path: Path) -> None:
    first, second = (_exported(released, tmp_path / one, format_) for one in ("a", "b"))
    assert [one.written for one in first] == [one.written for one in second]
    assert (tmp_path / "a" / "manifest.json").read_bytes() == (
        tmp_path / "b" / "manifest.json"
    ).read_bytes()


def test_fitsverify_has_nothing_to_say(released: Database, fitsverify: str, tmp_path: Path) -> None:
    for one in _exported(released, tmp_path, Format.FITS):
        done = subprocess.run(
            [fitsverify, str(one.path)], capture_output=True, text=True, check=False
        )
        assert "0 warning(s) and 0 error(s)" in done.stdout, done.stdout


def test_votlint_has_only_our_units_to_say(released: Database, stilts: str, tmp_path: Path) -> None:
    for one in _exported(released, tmp_path, Format.VOTABLE, SHOWN):
        done = subprocess.run(
            [stilts, "votlint", f"votable={one.path}", "ucd=true", "unit=false"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.stdout, done.returncode) == ("", 0)


def _wanted(field: Field, format_: Format) -> tuple[str, str, str, str]:
    unit = "" if field.unit == DIMENSIONLESS else field.unit
    said = plain_ascii(field.description) if format_ is Format.FITS else field.description
    return field.name, unit, field.ucd, said


def _by_stilts(stilts: str, path: Path) -> list[tuple[str, ...]]:
    """Return name, unit, UCD and description of each column as STILTS has them."""
    done = subprocess.run(
        [stilts, "-Dfile.encoding=UTF-8", "tpipe", f"in={path}",
         "cmd=meta name units ucd description", "omode=out", "ofmt=csv"],
        capture_output=True, check=True,
    )  # fmt: skip
    rows = Table.read(done.stdout.decode(), format="ascii.csv", fill_values=[])
    return [tuple("" if one is np.ma.masked else str(one) for one in row) for row in rows]


@pytest.mark.parametrize("format_", [Format.FITS, Format.VOTABLE])
def test_stilts_and_astropy_list_what_columns_are(
    released: Database, stilts: str, format_: Format, tmp_path: Path
) -> None:
    for one in _exported(released, tmp_path, format_, SHOWN):
        wanted = [_wanted(field, format_) for field in one.selection.fields]
        assert _by_stilts(stilts, one.path) == wanted
        read = Table.read(one.path, **_quietly(format_))
        assert read.colnames == [field.name for field in one.selection.fields]
        for field, (name, unit, ucd, said) in zip(one.selection.fields, wanted, strict=True):
            column = read[name]
            assert str(column.unit or "").replace(" ", "") == unit.replace(" ", ""), field
            assert column.description == said
            assert column.meta["ucd"] == ucd


def _quietly(format_: Format) -> dict[str, str]:
    return {"unit_parse_strict": "silent"} if format_ is Format.FITS else {}


def test_ecsv_says_it_to_astropy(released: Database, tmp_path: Path) -> None:
    for one in _exported(released, tmp_path, Format.ECSV):
        read = Table.read(one.path, format="ascii.ecsv")
        assert read.meta["release"] == "dr2"
        for field in one.selection.fields:
            assert read[field.name].description == field.description
            assert read[field.name].meta["ucd"] == field.ucd
            assert (read[field.name].unit is None) == (field.unit == DIMENSIONLESS)


def test_parquet_says_it_in_fields_and_as_votable(released: Database, tmp_path: Path) -> None:
    for one in _exported(released, tmp_path, Format.PARQUET):
        schema = parquet.read_schema(one.path)
        assert schema.metadata[b"IVOA.VOTable-Parquet.version"] == b"1.0"
        (tmp_path / "head.vot").write_bytes(schema.metadata[b"IVOA.VOTable-Parquet.content"])
        table = votable.parse(tmp_path / "head.vot", verify="ignore").get_first_table()
        for field, column, inner in zip(one.selection.fields, table.fields, schema, strict=True):
            assert (column.name, column.ucd, column.description) == (
                field.name, field.ucd, field.description,
            )  # fmt: skip
            assert inner.metadata == {
                b"unit": field.unit.encode(),
                b"ucd": field.ucd.encode(),
                b"description": field.description.encode(),
            }
        group = parquet.ParquetFile(one.path).metadata.row_group(0)
        assert (group.column(0).is_stats_set, group.column(0).compression) == (True, "ZSTD")


def test_a_file_says_where_it_comes_from(released: Database, tmp_path: Path) -> None:
    path = tmp_path / "stars.fits"
    export(released, plan(released, "dr1", views=["star"], out=path))
    with path.open("rb") as file:
        head = file.read(2880 * 3).decode("ascii", "replace")
    for words in ("Nobody et al. (2026)", "CC BY 4.0", "payne_lamost", "[alpha/Fe]", "combination"):
        assert words in head
    assert json.loads(beside(path).read_text())["files"][0]["file"] == "stars.fits"


def test_columns_and_rows_can_be_chosen(released: Database, tmp_path: Path) -> None:
    path = tmp_path / "some.parquet"
    planned = plan(
        released, "dr1", views=["star"], columns=["teff", "star_id"], out=path,
        where="teff > 0 -- and all that",
    )  # fmt: skip
    (done,) = export(released, planned)
    found = parquet.read_table(path)
    assert found.column_names == ["teff", "star_id"]
    with released.engine().connect() as connection:
        count = connection.scalar(text("SELECT count(*) FROM dr1.star WHERE teff > 0"))
    assert done.written.rows == count > 0
    none = plan(released, "dr1", views=["star"], where="teff < 0", out=path)
    assert export(released, none)[0].written.rows == 0


def test_says_what_is_not_there(released: Database, tmp_path: Path) -> None:
    with pytest.raises(NoSuchView, match="no view 'stars'"):
        plan(released, "dr1", views=["stars"])
    with pytest.raises(NoSuchView, match="no column 'tef'"):
        plan(released, "dr1", views=["star"], columns=["tef"])
    with pytest.raises(ExportError, match="those of one view"):
        plan(released, "dr1", where="teff > 0")
    with pytest.raises(ExportError, match="does not say in which format"):
        plan(released, "dr1", views=["star"], out=tmp_path / "stars.doc")
    nowhere = plan(released, "dr1", views=["star"], out=tmp_path / "file" / "stars.fits")
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="cannot be made"):
        export(released, nowhere)


def test_verify_finds_what_changed(released: Database, tmp_path: Path) -> None:
    exported = _exported(released, tmp_path, Format.CSV)
    assert {one.problem for one in verify(tmp_path)} == {None}
    first, second, third = (one.path for one in exported[:3])
    data = bytearray(first.read_bytes())
    data[-3] ^= 1
    first.write_bytes(data)
    second.write_bytes(second.read_bytes() + b"\n")
    third.unlink()
    problems = {one.path: one.problem or "" for one in verify(tmp_path / "manifest.json")}
    assert problems[first] == "has another SHA-256"
    assert re.fullmatch(r"has \d+ bytes, not \d+", problems[second])
    assert "No such file" in problems[third]
    with pytest.raises(ExportError, match="no manifest"):
        verify(tmp_path / "nothing" / "x.fits")


def test_null_identifiers_are_refused(released: Database, tmp_path: Path) -> None:
    planned = plan(released, "dr1", views=["star"], out=tmp_path / "a.csv")
    (selection,) = planned.selections
    names = ", ".join(
        f"NULL::{one.type}" if one.name == "star_id" else one.name for one in selection.fields
    )
    broken = type(selection)(selection.table, selection.fields, f"SELECT {names} FROM dr1.star")
    broken_plan = Planned(
        planned.release, (broken,), planned.paths, planned.format, planned.manifest
    )
    with pytest.raises(ExportError, match="identifier star_id of star is missing"):
        export(released, broken_plan)
    assert list(tmp_path.iterdir()) == []
