from __future__ import annotations

from typing import Any

import pytest

from starledger.ingest.catalogs.choosing import NoSuchLayout
from tests.ingest.catalogs.tables_in_memory import convert

PAIRS: dict[str, list[Any]] = {
    "source_id1": [4722135642226356736, 5044978809619505664],
    "source_id2": [4722111590409480064, 5044978805325246464],
    "ra1": [48.5, 49.5],
    "dec1": [-64.5, -65.5],
    "ra2": [48.6, 49.6],
    "dec2": [-64.6, -65.6],
    "pmra1": [1331.0, float("nan")],
    "pmdec1": [648.5, float("nan")],
    "pmra2": [1337.5, 1.0],
    "pmdec2": [649.5, 2.0],
    "dr2_radial_velocity1": [12.0, float("nan")],
    "dr2_radial_velocity_error1": [0.25, float("nan")],
    "R_chance_align": [1e-9, 0.5],
    "binary_type": ["MSMS", "WDMS"],
}


def test_each_row_of_wide_binaries_is_two_stars() -> None:
    made = convert("value_added", PAIRS)
    assert made.layout.name == "wide_binaries"
    assert len(made.rows) == 4
    by_id = {row["external_id"]: row for row in made.rows}
    one, other = by_id["4722135642226356736"], by_id["4722111590409480064"]
    assert one["partner_external_id"] == other["external_id"]
    assert other["partner_external_id"] == one["external_id"]
    assert one["gaia_dr3_source_id"] == 4722135642226356736
    assert (one["ra"], one["dec"], one["ref_epoch"]) == (48.5, -64.5, 2016.0)
    assert (other["ra"], other["pmra"]) == (48.6, 1337.5)
    assert (one["rv"], one["err_rv"], other["rv"]) == (12.0, 0.25, None)
    assert by_id["5044978809619505664"]["pmra"] is None
    assert one["class_name"] == "MSMS"


def test_dd_payne() -> None:
    made = convert(
        "value_added",
        {
            "SPECID": ["20111024-F5902-01-001", "20111024-F5902-01-002"],
            "RA": [332.2, 333.0],
            "DEC": [-2.5, -2.6],
            "SNR_G": [45.5, 20.0],
            "TEFF": [5500.0, -9999.0],
            "TEFF_ERR": [30.0, -9999.0],
            "FEH": [-0.5, -9999.0],
            "MG_FE": [0.25, 0.1],
            "MG_FE_ERR": [0.0625, 0.5],
            "MG_FE_FLAG": [1, 0],
            "BA_FE": [0.5, 0.1],
            "FLAG_BA_FE": [0, 0],
            "QFLAG_CHI2": ["good", "bad"],
        },
    )
    assert made.layout.name == "dd_payne"
    assert made.labels == ["teff", "fe_h", "mg_fe", "ba_fe"]
    assert made.rows[0]["labels"] == [5500.0, -0.5, 0.25, 0.5]
    assert made.rows[0]["errors"] == [30.0, None, 0.0625, None]
    assert made.rows[0]["label_flags"] == [None, None, 1, 0]
    assert made.rows[1]["labels"][:2] == [None, None]
    assert made.rows[0]["snr"] == 45.5


def test_subgiants() -> None:
    made = convert(
        "value_added",
        {
            "SPECID": ["a"],
            "RA": [1.0],
            "DEC": [2.0],
            "SOURCE_ID": [643819484616249984],
            "TEFF": [5300.0],
            "LOGG": [3.75],
            "FEH": [-1.0],
            "ALPHA_FE": [0.25],
            "AGE": [11.5],
        },
    )
    assert made.layout.name == "subgiants"
    assert made.rows[0]["labels"] == [5300.0, 3.75, -1.0, 0.25, 11.5]
    assert made.rows[0]["gaia_dr3_source_id"] == 643819484616249984


@pytest.mark.parametrize(("iron", "error"), [("[Fe/H]", "e_[Fe/H]"), ("__Fe_H_", "e__Fe_H_")])
def test_hot_payne(iron: str, error: str) -> None:
    made = convert(
        "value_added",
        {
            "SpecID": ["20111024-F5902-01-001"],
            "Teff": [15000.0],
            "e_Teff": [250.0],
            "logg": [4.0],
            "e_logg": [0.125],
            iron: [-0.25],
            error: [0.5],
        },
    )
    assert made.layout.name == "hotpayne"
    assert made.labels == ["teff", "logg", "fe_h"]
    assert made.rows[0]["labels"] == [15000.0, 4.0, -0.25]
    assert made.rows[0]["errors"] == [250.0, 0.125, 0.5]


@pytest.mark.parametrize("column", ["source_id2", "ra1", "R_chance_align"])
def test_a_missing_column_is_named(column: str) -> None:
    table = {name: values for name, values in PAIRS.items() if name != column}
    with pytest.raises(NoSuchLayout, match=f"wide_binaries, it lacks the columns {column}"):
        convert("value_added", table)
