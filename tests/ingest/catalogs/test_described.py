from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from starledger.ingest.catalogs.described import TABLES, BadMapping, read_mapping
from starledger.ingest.catalogs.located_yaml import BadYaml
from starledger.schema.database import Database
from starledger.schema.errors import StarledgerError
from starledger.schema.tables import CatalogLabel, ReferenceStar
from tests.conftest import Command, address
from tests.ingest.catalogs.tables_in_memory import as_text, convert
from tests.real_data import REPOSITORY

PAGE = REPOSITORY / "docs" / "how-to" / "your-own-table.md"
SMALL = "name: mine\ncolumns:\n  external_id: Star\n"


def fences(kind: str) -> list[str]:
    text = PAGE.read_text("utf-8")
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, "utf-8")
    return path


def test_the_documented_example(tmp_path: Path) -> None:
    layout = read_mapping(written(tmp_path, fences("yaml")[0]))
    table = as_text(fences("text")[0], ",")
    made = convert("value_added", table, layouts=[layout])
    assert (layout.name, layout.product, layout.table) == (
        "cluster_giants",
        "cluster_giants",
        "reference_star",
    )
    assert (made.refused, made.repaired) == ([], {})
    first, second, third = made.rows
    assert (first["external_id"], first["gaia_dr3_source_id"]) == (
        "NGC188-1",
        573941223459102976,
    )
    assert (first["ra"], first["dec"], first["ref_epoch"]) == (12.108, 85.255, 2016.0)
    assert first["rv"] == pytest.approx(-42.41)
    assert (second["rv"], second["pmra"], second["gaia_dr3_source_id"]) == (None, None, None)
    assert first["class_name"] == "red giant"
    assert made.labels == ["teff", "fe_h"]
    assert first["labels"] == pytest.approx([4650.0, 0.05])
    assert first["label_flags"] == [None, 0]
    assert second["labels"] == [4720.0, None]
    assert third["errors"] == [300.0, None]
    assert layout.labels["fe_h"].solar_scale == "Asplund et al. (2009)"


def test_the_documented_pairs(tmp_path: Path) -> None:
    layout = read_mapping(written(tmp_path, fences("yaml")[1]))
    table: dict[str, list[Any]] = {
        "id_a": [1],
        "id_b": [2],
        "ra_a": [1.0],
        "dec_a": [2.0],
        "ra_b": [3.0],
        "dec_b": [4.0],
    }
    made = convert("value_added", table, layouts=[layout])
    told = [(r["external_id"], r["partner_external_id"], r["ra"], r["dec"]) for r in made.rows]
    assert told == [("1", "2", 1.0, 2.0), ("2", "1", 3.0, 4.0)]


def test_the_documented_mistake(tmp_path: Path) -> None:
    text = fences("yaml")[0].replace("unit: m/s", "unit: parsec")
    with pytest.raises(BadMapping) as caught:
        read_mapping(written(tmp_path, text))
    shown = str(caught.value.what).replace(str(tmp_path / "mine.yaml"), "clusters.yaml")
    assert shown == fences("text")[1].strip()


@pytest.mark.integration
def test_the_documented_command(ledger: Database, starledger: Command, tmp_path: Path) -> None:
    mapping, table = tmp_path / "clusters.yaml", tmp_path / "clusters.csv"
    mapping.write_text(fences("yaml")[0], "utf-8")
    table.write_text(fences("text")[0], "utf-8")
    ingest = ("--database", address(ledger), "ingest", "catalog", "value_added", "mine")
    answer = starledger(*ingest, "--mapping", mapping, table)
    assert answer.code == 0, answer.err
    with ledger.engine().connect() as connection:
        rows = connection.execute(
            select(ReferenceStar.external_id, ReferenceStar.labels, ReferenceStar.rv).order_by(
                ReferenceStar.external_id
            )
        ).all()
        labels = connection.execute(
            select(CatalogLabel.label, CatalogLabel.source_column).order_by(CatalogLabel.position)
        ).all()
    assert [row.external_id for row in rows] == ["M67-81", "NGC188-1", "NGC188-2"]
    assert rows[2].labels == [4720.0, None]
    assert [tuple(one) for one in labels] == [("teff", "Teff_K"), ("fe_h", "Fe")]
    again = starledger(*ingest, "--mapping", mapping, table)
    assert again.code == 0, again.err


def test_vectors_and_nulls_of_one_column(tmp_path: Path) -> None:
    text = SMALL + "labels:\n  teff: {value: {name: PARAM, element: 1, nulls: [-1, none]}}\n"
    layout = read_mapping(written(tmp_path, text))
    field = layout.labels["teff"].value
    assert getattr(field, "element", None) == 1
    assert getattr(field, "nulls", None) == (-1.0, "none")


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("name: Mine\n", 1, "name: string should match"),
        ("title: x\n", 1, "name: field required"),
        ("- a\n- b\n", 1, "valid dictionary"),
        (SMALL + "colums: {}\n", 4, "colums: extra inputs"),
        (SMALL + "  raa: x\n", 4, "columns.raa: reference_star has no column"),
        (SMALL + "  row_id: x\n", 4, "has no column"),
        (SMALL + "  ra: x\n", 2, "dec must be among them"),
        ("name: m\ntable: apogee_star\ncolumns:\n  external_id: a\n", 3, "apogee_id, dec, ra must"),
        ("name: m\ntable: fit\ncolumns:\n  external_id: a\n", 2, "table: input should be"),
        ("name: m\nsurvey: segue\ncolumns:\n  external_id: a\n", 2, "survey: input should be"),
        (SMALL + "  rv: {names: [a], name: b}\n", 4, "give one of name"),
        (SMALL + "  rv: {unit: km/s}\n", 4, "give one of name"),
        (SMALL + "  rv: {name: a, units: km/s}\n", 4, "rv.units: extra inputs"),
        (SMALL + "  rv: {name: a, unit: deg}\n", 4, "deg is no unit of what we keep in km/s"),
        (SMALL + "  rv: {name: a, nulls: [null]}\n", 4, "nulls.0"),
        (SMALL + "  rv: {name: a, element: -1}\n", 4, "element: input should be greater"),
        (SMALL + "  rv: {constant: fast}\n", 4, "'fast' is no number"),
        (SMALL + "  gaia_dr2_source_id: {constant: 1.5}\n", 4, "no whole number"),
        (SMALL + "  rv: a\n  rv: b\n", 5, "the key rv stands there twice"),
        (SMALL + "labels:\n  feh: x\n", 5, "there is no label of that name"),
        (SMALL + "labels:\n  teff: {error: x}\n", 5, "labels.teff.value: field required"),
        (SMALL + "labels:\n  teff: {value: {constant: 1}}\n", 5, "a constant is no label"),
        (SMALL + "labels:\n  teff: {value: a, equilibrium: lte}\n", 5, "equilibrium: input"),
        ("name: [\n", 2, "is no YAML"),
        ("name: &a b\ntitle: *a\n", 2, "aliases are not taken"),
        ("name: !!python/name:os.system x\n", 1, "is no YAML"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    with pytest.raises(StarledgerError) as caught:
        read_mapping(written(tmp_path, text))
    assert isinstance(caught.value, BadMapping | BadYaml)
    assert f"line {line}" in caught.value.what
    assert what in caught.value.what
    assert caught.value.remedy


def test_a_near_name_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(BadMapping) as caught:
        read_mapping(written(tmp_path, SMALL + "labels:\n  mgfe: x\n"))
    assert caught.value.remedy == "Did you mean mg_fe?"


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe\x00", b"[" * 5000, b"a: 2024-13-45", b"x" * 2**21])
def test_what_is_no_mapping_is_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(raw)
    with pytest.raises(BadYaml):
        read_mapping(path)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 700), st.characters(codec="utf-8"))
def test_no_change_of_a_letter_crashes(tmp_path: Path, at: int, letter: str) -> None:
    text = fences("yaml")[0]
    with contextlib.suppress(StarledgerError):
        read_mapping(written(tmp_path, text[:at] + letter + text[at + 1 :]))


@pytest.mark.parametrize("table", TABLES)
def test_every_table_can_be_described(tmp_path: Path, table: str) -> None:
    with pytest.raises(BadMapping, match="must be among them"):
        read_mapping(written(tmp_path, f"name: m\ntable: {table}\ncolumns: {{}}\n"))
