from __future__ import annotations

import pytest

from starledger.ingest.catalogs.choosing import NoSuchLayout
from tests.ingest.catalogs.tables_in_memory import as_text, convert

GENERAL = """
obsid|lmjd|mjd|planid|spid|fiberid|lmjm|band|ra|dec|snr|coadd|gaia_source_id|rv_b1|rv_b1_err|rv_r1|\
rv_r1_err|rv_br1|rv_br1_err|fibermask
700101001|58407|58406|HIP8426401|1|7|84106531|B|10.0|20.0|55.5|1|123456789012345678|-1.5|0.5|2.5|\
0.7|-9999.0|-9999.0|0
700101001|58407|58406|HIP8426401|1|7|84106531|R|10.0|20.0|65.5|1|-9999|-9999|0.1|-9999|0.1|3.5|0.9|0
700101001|58407|58406|HIP8426401|1|7|84106540|R|10.0|20.0|-9999|0|-9999|-9999|-9999|-9999|-9999|\
-9999|-9999|4
"""


def test_early_general_catalog() -> None:
    made = convert("lamost", as_text(GENERAL), release="dr7")
    assert made.layout.name == "lamost_mrs_general_early"
    first, second, third = made.rows
    assert first["external_id"] == "700101001-B-84106531-1"
    assert len({row["external_id"] for row in made.rows}) == 3
    assert first["file_name"] == "med-58407-HIP8426401_sp01-007.fits"
    assert first["gaia_dr2_source_id"] == 123456789012345678
    assert (first["rv"], first["err_rv"]) == (-1.5, 0.5)
    assert second["rv"] == 3.5
    assert second["err_rv"] == pytest.approx(0.9)
    assert (third["rv"], third["err_rv"], third["snr"]) == (None, None, None)
    assert (first["snr"], third["survey_flags"]) == (55.5, 4)


def test_later_stellar_catalog() -> None:
    more = {
        "mobsid": ["m1", "m2", "m3"],
        "uid": ["G1"] * 3,
        "teff_lasp": ["5800", "-9999", "5000"],
        "teff_lasp_err": ["25", "-9999", "-9999"],
        "logg_lasp": ["4.5", "-9999", "3.0"],
        "feh_lasp": ["-0.5", "-9999", "0.0"],
        "vsini_lasp": ["30", "-9999", "-9999"],
        "mg_fe": ["0.25", "-9999", ""],
    }
    made = convert("lamost", as_text(GENERAL) | more, release="dr9")
    assert made.layout.name == "lamost_mrs_stellar"
    assert made.labels == ["teff", "logg", "fe_h", "vsini", "mg_fe"]
    assert [row["external_id"] for row in made.rows] == ["m1", "m2", "m3"]
    assert made.rows[0]["labels"] == [5800.0, 4.5, -0.5, 30.0, 0.25]
    assert made.rows[0]["errors"] == [25.0, None, None, None, None]
    assert made.rows[1]["labels"] is None
    assert made.rows[0]["gaia_dr3_source_id"] == 123456789012345678


def test_general_and_stellar_tables_are_told_apart() -> None:
    named = as_text(GENERAL) | {"mobsid": ["1", "2", "3"], "uid": ["G"] * 3}
    assert convert("lamost", named).layout.name == "lamost_mrs_general"
    labels = {name: ["1"] * 3 for name in ("teff_lasp", "logg_lasp")}
    early = convert("lamost", as_text(GENERAL) | labels)
    assert early.layout.name == "lamost_mrs_stellar_early"


def test_a_missing_column_is_named() -> None:
    table = as_text(GENERAL)
    del table["band"]
    with pytest.raises(NoSuchLayout, match="lacks the columns band"):
        convert("lamost", table)
