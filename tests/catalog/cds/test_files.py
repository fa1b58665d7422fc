"""What astropy's reader of the CDS's format makes of our files is what the release holds."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.io import ascii as text_tables
from sqlalchemy import Connection, text

from starledger.catalog.cds.data import write_lines
from starledger.catalog.cds.files import NoSuchTable, write_folder
from starledger.catalog.cds.layout import Layout, key_of, layout_of
from starledger.catalog.cds.readme import readme
from starledger.catalog.cds.units import cds_unit
from starledger.catalog.export.errors import ExportError
from starledger.catalog.fields import Field
from starledger.catalog.releases.finding import find_release
from starledger.catalog.releases.tables import Table, tables_of
from starledger.schema.database import Database
from starledger.schema.labels import LABELS
from starledger.schema.tables import metadata
from starledger.schema.units import DIMENSIONLESS
from tests.catalog.releases.growing import Growing
from tests.conftest import Command, address

pytestmark = pytest.mark.integration


def equal_to_the_release(connection: Connection, layout: Layout, folder: Path) -> None:
    read = text_tables.read(
        str(folder / layout.file), readme=str(folder / "ReadMe"), format="cds", guess=False
    )
    names = [one.field.name for one in layout.columns]
    assert read.colnames == names
    source = f"{layout.table.relation} ORDER BY {key_of(layout.table)}"
    rows = connection.execute(text(f"SELECT {', '.join(names)} FROM {source}")).all()
    assert len(read) == len(rows) == layout.records
    for name, given, *values in zip(
        names, (one.field for one in layout.columns), *rows, strict=True
    ):
        for found, value in zip(read[name], values, strict=True):
            same(found, value, given)
        if given.unit != DIMENSIONLESS:
            assert read[name].unit == u.Unit(given.unit), name


def same(found: Any, value: Any, field: Field) -> None:
    if value is None or value == "":
        assert np.ma.is_masked(found) or found in ("", "N/A"), field.name
    elif field.type == "real":
        assert np.float32(found) == np.float32(value), field.name
    elif field.type == "double precision":
        assert float(found) == value, field.name
    elif field.type in ("boolean", "smallint", "integer", "bigint"):
        assert int(found) == int(value), field.name
    elif isinstance(value, dt.datetime):
        assert dt.datetime.fromisoformat(str(found)) == value, field.name
    else:
        assert str(found) == str(value).strip(), field.name


@pytest.mark.parametrize("name", ["dr1", "dr2"])
def test_astropy_reads_what_the_release_holds(
    connection: Connection, tmp_path: Path, name: str
) -> None:
    release = find_release(connection, name)
    for layout in write_folder(connection, release, ["star", "visit", "fit"], tmp_path):
        lines = (tmp_path / layout.file).read_bytes().splitlines()
        assert {len(line) for line in lines} == {layout.length}
        equal_to_the_release(connection, layout, tmp_path)


def test_awkward_values_come_through(connection: Connection, tmp_path: Path) -> None:
    """Tiny and huge numbers, nulls, NaN, backslashes, letters beyond ASCII."""
    connection.execute(
        text(
            "CREATE TEMP TABLE odd AS SELECT * FROM (VALUES"
            " (1::bigint, 1.5::real, 1e-30::real, 0.1::float8, 'a\\b', true),"
            " (2, -2.25, 3.4e38, 123.45678901234567, E'ü\\nx', false),"
            " (3, NULL, 'NaN', NULL, NULL, NULL),"
            " (-4, 12345.678, -7, 1e-300, '  x', true)) v (id, plain, wild, fine, word, yes)"
        )
    )
    kinds = {
        "id": "bigint", "plain": "real", "wild": "real", "fine": "double precision",
        "word": "text", "yes": "boolean",
    }  # fmt: skip
    fields = tuple(Field(name, kind, "km/s" if kind == "real" else DIMENSIONLESS, "", "15 over 500")
                   for name, kind in kinds.items())  # fmt: skip
    layout = layout_of(connection, Table("x", "odd", "odd", "Odd.", None, fields))
    forms = {one.field.name: one.format for one in layout.columns}
    assert forms["id"] == "I2"
    assert forms["plain"] == "F9.3"
    assert forms["wild"] == "E16.8"
    release = find_release(connection, "dr1")
    (tmp_path / "ReadMe").write_text(readme(release, [layout]))
    with (tmp_path / "odd.dat").open("wb") as file:
        assert write_lines(connection, layout, file) == 4
    read = text_tables.read(
        str(tmp_path / "odd.dat"), readme=str(tmp_path / "ReadMe"), format="cds", guess=False
    )
    assert list(read["id"]) == [-4, 1, 2, 3]
    assert [np.float32(one) for one in read["plain"][:3]] == [
        np.float32(one) for one in (12345.678, 1.5, -2.25)
    ]
    assert np.float32(read["wild"][1]) == np.float32(1e-30)
    assert list(read["fine"][:3]) == [1e-300, 0.1, 123.45678901234567]
    assert list(read["word"][:3]) == ["x", "a\\b", "??x"]
    assert [read[name].mask[3] for name in ("plain", "wild", "fine", "yes")] == [True] * 4


def test_no_line_of_the_readme_is_too_long(connection: Connection, tmp_path: Path) -> None:
    release = find_release(connection, "dr2")
    names = [one.name for one in tables_of(connection, release)]
    write_folder(connection, release, names, tmp_path)
    lines = (tmp_path / "ReadMe").read_text("ascii").splitlines()
    assert max(map(len, lines)) <= 80
    assert "Byte-by-byte Description of file: star.dat" in lines
    assert any(line.startswith("Note (1): sum of the flags of the star") for line in lines)


def test_the_same_release_gives_the_same_bytes(connection: Connection, tmp_path: Path) -> None:
    release = find_release(connection, "dr1")
    for folder in ("one", "two"):
        write_folder(connection, release, ["star", "fit"], tmp_path / folder)
    for file in ("ReadMe", "star.dat", "fit.dat"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_what_cannot_be_done_is_said(connection: Connection, tmp_path: Path) -> None:
    release = find_release(connection, "dr1")
    with pytest.raises(NoSuchTable, match="no table 'planet'"):
        write_folder(connection, release, ["planet"], tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="cannot be written"):
        write_folder(connection, release, ["star"], tmp_path / "file")


def test_commands(grown: tuple[Database, Growing], starledger: Command, tmp_path: Path) -> None:
    where = ("--database", address(grown[0]), "release")
    told = starledger(*where, "cds", "dr1", tmp_path, "--json")
    assert told.code == 0, told.err
    assert json.loads(told.out)["records"] == {"star.dat": 1}
    shown = starledger(*where, "readme", "dr1")
    assert shown.out == (tmp_path / "ReadMe").read_text()


def test_every_unit_of_the_ledger_is_one_of_the_cds() -> None:
    units = {label.unit for label in LABELS.values()}
    units |= {one.info["unit"] for table in metadata.sorted_tables for one in table.columns}
    for unit in units - {DIMENSIONLESS}:
        assert u.Unit(cds_unit(unit), format="cds") == u.Unit(unit), unit
