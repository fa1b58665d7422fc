from __future__ import annotations

from typing import Any

import pytest

from starledger.ingest.catalogs.choosing import NoSuchLayout
from tests.ingest.catalogs.tables_in_memory import convert

WHITE_DWARFS: dict[str, list[Any]] = {
    "WDJ_name": ["WDJ000001.00+010203.04", "WDJ2"],
    "source_id": [2738339472316713728, 2738339472316713729],
    "ra": [0.25, 1.0],
    "dec": [1.5, -1.0],
    "pmra": [10.0, 20.0],
    "pmdec": [-5.0, 5.0],
    "Pwd": [0.99, 0.5],
    "teff_H": [12000.0, float("nan")],
    "eteff_H": [150.0, float("nan")],
    "logg_H": [8.0, float("nan")],
    "elogg_H": [0.0625, float("nan")],
    "chisq_H": [1.5, float("nan")],
}
SUBDWARFS = {
    "NAME": ["PG0001+275", "HE0001-2443", "KUV"],
    "GAIA_DESIG": ["Gaia EDR3 2738339472316713728", "Gaia DR2 2738339472316713729", "null"],
    "RA": ["0.25", "1.0", "2.0"],
    "DEC": ["1.5", "-1.0", "3.0"],
    "SPEC_CLASS": ["sdB", "sdO", "sdB+MS"],
    "RV_LAMOST": ["-30.5", "", ""],
    "RV_LAMOST_ERR": ["4.5", "", ""],
    "TEFF": ["28000", "", "null"],
    "TEFF_ERR": ["400", "", ""],
    "LOG_G": ["5.5", "", ""],
    "LOG_G_ERR": ["0.125", "", ""],
}


def test_white_dwarfs() -> None:
    made = convert("value_added", WHITE_DWARFS)
    assert made.layout.name == "gaia_white_dwarfs"
    first, second = made.rows
    assert first["external_id"] == "2738339472316713728"
    assert first["gaia_dr3_source_id"] == 2738339472316713728
    assert first["labels"] == [12000.0, 8.0]
    assert first["errors"] == [150.0, 0.0625]
    assert (first["ref_epoch"], first["class_name"]) == (2016.0, "white dwarf")
    assert second["labels"] is None


def test_hot_subdwarfs_tell_of_which_gaia_release_they_speak() -> None:
    made = convert("value_added", SUBDWARFS)
    assert made.layout.name == "hot_subdwarfs"
    told = [(r["gaia_dr2_source_id"], r["gaia_dr3_source_id"], r["ref_epoch"]) for r in made.rows]
    assert told == [
        (None, 2738339472316713728, 2016.0),
        (2738339472316713729, None, 2015.5),
        (None, None, None),
    ]
    assert made.rows[0]["labels"] == [28000.0, 5.5]
    assert made.rows[1]["labels"] is None
    assert (made.rows[0]["class_name"], made.rows[0]["rv"]) == ("sdB", -30.5)


def test_hot_subdwarfs_of_lamost() -> None:
    made = convert(
        "value_added",
        {
            "LAMOST": ["J000106.73+330822.2"],
            "RAdeg": [0.25],
            "DEdeg": [33.5],
            "Gaia": [2738339472316713728],
            "Teff": [30000],
            "e_Teff": [200],
            "logg": [5.75],
            "e_logg": [0.03125],
            "SpClass": ["sdB"],
        },
    )
    assert made.layout.name == "lamost_hot_subdwarfs"
    assert made.rows[0]["gaia_dr2_source_id"] == 2738339472316713728
    assert made.rows[0]["labels"] == [30000.0, 5.75]
    assert made.rows[0]["errors"] == [200.0, 0.03125]


def test_a_missing_column_is_named() -> None:
    table = {name: values for name, values in SUBDWARFS.items() if name != "DEC"}
    with pytest.raises(NoSuchLayout, match="hot_subdwarfs, it lacks the columns DEC"):
        convert("value_added", table)
