from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table

from starledger.compute.simulate.survey import simulate_survey
from starledger.ingest.catalogs.choosing import NoSuchLayout
from tests.ingest.catalogs.raw_tables import Written, convert, convert_file

LARGE = 4295806720000000123


def source(**changes: Any) -> Written:
    columns: dict[str, Any] = {
        "solution_id": ["1636148068921376768"] * 3,
        "SOURCE_ID": [str(LARGE), "7", "8"],
        "ref_epoch": ["2016.0"] * 3,
        "ra": ["44.99615537864534", "0.5", "360.0"],
        "ra_error": ["0.10161827", "0.2", "-1"],
        "dec": ["0.005615226341865997", "-91", "1"],
        "dec_error": ["0.10133387", "0.2", "null"],
        "parallax": ["0.3543305595550248", "null", ""],
        "parallax_error": ["0.12266039", "null", ""],
        "pmra": ["11.93835156938502", "null", ""],
        "pmdec": ["-4.011", "null", ""],
        "pmra_error": ["0.13", "null", ""],
        "pmdec_error": ["0.12", "null", ""],
        "pmra_pmdec_corr": ["-0.2", "null", ""],
        "phot_g_mean_mag": ["17.641426", "18", "19"],
        "ruwe": ["1.17", "null", ""],
        "radial_velocity": ["null", "12.5", "-33.1"],
        "radial_velocity_error": ["null", "1.5", "0.4"],
    }
    columns |= changes
    return Written(**{name: values for name, values in columns.items() if values is not None})


def test_a_row_of_gaia_source() -> None:
    result = convert(source(), "gaia", "dr3")
    assert result.layout.name == "gaia_dr3_source"
    first, third = result.rows
    assert first["external_id"] == str(LARGE)
    assert first["source_id"] == LARGE
    assert first["ra"] == 44.99615537864534
    assert first["ref_epoch"] == 2016.0
    assert first["err_ra"] == np.float32(0.10161827)
    assert first["parallax"] == 0.3543305595550248
    assert first["err_parallax"] == np.float32(0.12266039)
    assert first["pmra"] == 11.93835156938502
    assert first["ruwe"] == np.float32(1.17)
    assert first["rv"] is None
    assert third["ra"] == 0.0
    assert third["parallax"] is None
    assert third["err_ra"] is None
    assert third["rv"] == np.float32(-33.1)
    assert result.repaired["err_ra is not positive: taken as missing"] == 1


def test_a_row_outside_the_sky_is_refused() -> None:
    (refusal,) = convert(source(), "gaia", "dr3").refused
    assert refusal.row_number == 2
    assert refusal.external_id == "7"
    assert "dec is not within -90 to 90" in refusal.reason


def test_rows_of_the_other_data_release_are_refused() -> None:
    result = convert(source(dec=["1", "2", "3"]), "gaia", "dr2")
    assert result.layout.name == "gaia_dr2_source"
    assert not result.rows
    assert len(result.refused) == 3
    assert result.refused[0].reason == "ref_epoch is not 2015.5, as it is in Gaia DR2, gaia_source"


def test_early_third_release_and_tables_without_much() -> None:
    table = Written(source_id=[1], ra=[1.0], dec=[2.0], ref_epoch=[2016.0])
    result = convert(table, "gaia", "edr3")
    (row,) = result.rows
    assert row["source_id"] == 1
    assert row["ruwe"] is None


def test_errors_in_other_units_are_converted() -> None:
    table = Written(
        {"ra_error": "arcsec", "pmra": "arcsec / yr"},
        source_id=[1], ra=[1.0], dec=[2.0], ref_epoch=[2016.0], ra_error=[0.001], pmra=[0.01],
    )  # fmt: skip
    (row,) = convert(table, "gaia", "dr3").rows
    assert row["err_ra"] == pytest.approx(1.0)
    assert row["pmra"] == pytest.approx(10.0)


def test_a_table_without_the_epoch_is_refused() -> None:
    with pytest.raises(NoSuchLayout, match="lacks the columns ref_epoch"):
        convert(source(ref_epoch=None), "gaia", "dr3")


def test_neighbours_of_the_second_release() -> None:
    table = Written(
        dr2_source_id=[LARGE, 5, 6],
        dr3_source_id=[LARGE + 1, 5, 7],
        angular_distance=[0.25, 1200.5, -1.0],
        magnitude_difference=[0.01, None, 0.0],
        proper_motion_propagation=["true", "false", "true"],
    )
    result = convert(table, "gaia", "dr3")
    assert result.layout.product == "neighbourhood"
    first, second = result.rows
    assert first["external_id"] == f"{LARGE + 1}-{LARGE}"
    assert (first["gaia_dr2_source_id"], first["gaia_dr3_source_id"]) == (LARGE, LARGE + 1)
    assert second["separation"] == 1200.5
    assert second["magnitude_difference"] is None
    assert [one.reason for one in result.refused] == ["separation is negative"]


def test_simulated_tables(tmp_path: Path) -> None:
    simulate_survey("gaia", 60, 3, tmp_path)
    truth = fits.getdata(tmp_path / "truth" / "stars.fits", 1)
    folder = tmp_path / "catalogs"
    for release, name in (("dr2", "gaia_dr2_source.csv"), ("dr3", "gaia_dr3_source.ecsv")):
        result = convert_file(folder / name, "gaia", release)
        assert not result.refused
        assert not result.repaired
        assert [row["source_id"] for row in result.rows] == truth[
            f"gaia_{release}_source_id"
        ].tolist()
        near = [abs(row["dec"] - dec) for row, dec in zip(result.rows, truth["dec"], strict=True)]
        assert max(near) < 0.01
        assert (result.rows[0]["ruwe"] is None) == (release == "dr2")
    pairs = convert_file(folder / "dr2_neighbourhood.csv", "gaia", "dr3")
    assert not pairs.refused
    ids = [row["external_id"] for row in pairs.rows]
    assert len(set(ids)) == len(ids) >= 60


@pytest.mark.parametrize("ending", ["csv", "ecsv", "fits", "parquet", "vot"])
def test_the_same_rows_in_all_formats(ending: str, tmp_path: Path) -> None:
    table = Table(
        {
            "source_id": np.array([LARGE, 7]),
            "ref_epoch": [2016.0, 2016.0],
            "ra": [44.99615537864534, 0.5],
            "dec": [0.005615226341865997, -90.0],
            "parallax": np.ma.array([0.3543305595550248, 0.0], mask=[False, True]),
            "phot_g_mean_mag": np.array([17.641426, 9.5], np.float32),
        },
        units={"ra": "deg", "dec": "deg", "parallax": "mas", "phot_g_mean_mag": "mag"},
    )
    path = tmp_path / f"gaia_source.{ending}"
    if ending == "parquet":
        columns = {name: pa.array(table[name].tolist()) for name in table.colnames}
        pq.write_table(pa.table(columns), path)
    else:
        kinds = {"csv": "ascii.csv", "ecsv": "ascii.ecsv", "vot": "votable"}
        table.write(path, format=kinds.get(ending, ending))
    result = convert_file(path, "gaia", "dr3")
    assert not result.refused
    first, second = result.rows
    assert (first["source_id"], first["external_id"]) == (LARGE, str(LARGE))
    assert (first["ra"], first["dec"]) == (44.99615537864534, 0.005615226341865997)
    assert (first["parallax"], second["parallax"]) == (0.3543305595550248, None)
    assert first["phot_g_mean_mag"] == np.float32(17.641426)
