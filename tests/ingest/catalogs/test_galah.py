from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from starledger.compute.simulate.survey import simulate_survey
from starledger.ingest.catalogs import galah
from starledger.ingest.catalogs.choosing import NoSuchLayout
from tests.ingest.catalogs.raw_tables import Written, convert, convert_file
from tests.real_data import real_path

ID = 131116000501386
GAIA2, GAIA3 = 2473500300298823296, 2473500300298823297


def third(**changes: Any) -> Written:
    columns: dict[str, Any] = {
        "star_id": ["00090421-0943404", ""],
        "sobject_id": [ID, ID + 1],
        "dr2_source_id": [GAIA2, -1],
        "dr3_source_id": [GAIA3, None],
        "flag_sp": [0, 4],
        "teff": [5772.5, float("nan")],
        "e_teff": [82.0, float("nan")],
        "logg": [4.44, 3.0],
        "e_logg": [0.2, 0.0],
        "fe_h": [-0.03, 0.1],
        "e_fe_h": [0.05, 0.06],
        "flag_fe_h": [0, 1],
        "vmic": [1.06, 1.2],
        "vbroad": [6.5, 7.0],
        "e_vbroad": [2.0, 2.1],
        "Mg_fe": [0.02, float("nan")],
        "e_Mg_fe": [0.07, float("nan")],
        "flag_Mg_fe": [0, 32],
        "Rb_fe": [0.1, 0.2],
        "Sc_fe": [0.03, 0.04],
        "ra_dr2": [2.2675, 2.3],
        "dec_dr2": [-9.7278, -9.8],
        "rv_galah": [22.1, float("nan")],
        "e_rv_galah": [0.1, float("nan")],
        "snr_c2_iraf": [30.0, 31.0],
        "snr_c3_iraf": [40.0, 41.0],
        "chi2_sp": [1.1, 2.2],
    }
    columns |= changes
    return Written(**{name: values for name, values in columns.items() if values is not None})


def test_version_2_of_the_third_release_supplies_both_identifiers() -> None:
    result = convert(third(), "galah", "dr3")
    assert (result.layout.name, result.layout.product) == ("galah_dr3", "allstar")
    first, second = result.rows
    assert (first["external_id"], first["sobject_id"]) == (str(ID), ID)
    assert first["tmass_id"] == "00090421-0943404"
    assert (first["gaia_dr2_source_id"], first["gaia_dr3_source_id"]) == (GAIA2, GAIA3)
    assert (second["gaia_dr2_source_id"], second["gaia_dr3_source_id"]) == (None, None)
    assert (first["ra"], first["dec"], first["ref_epoch"]) == (2.2675, -9.7278, 2015.5)
    assert first["teff"] == 5772.5
    assert first["err_teff"] == 82.0
    assert first["vsini"] == 6.5
    assert first["mg_fe"] == np.float32(0.02)
    assert first["err_mg_fe"] == np.float32(0.07)
    assert (first["flag_mg_fe"], second["flag_mg_fe"]) == (0, 32)
    assert (second["teff"], second["mg_fe"], second["rv"]) == (None, None, None)
    assert second["err_logg"] is None
    assert second["survey_flags"] == 4
    assert first["snr"] == 40.0
    assert first["rv"] == np.float32(22.1)
    assert result.repaired == {"error of logg is not positive: taken as missing": 1}


def test_version_1_of_the_third_release_supplies_second_identifiers() -> None:
    table = third(dr2_source_id=None, dr3_source_id=None, ra_dr2=None, dec_dr2=None,
                  source_id=[GAIA2, 0], ra=[1.0, 2.0], dec=[3.0, 4.0])  # fmt: skip
    result = convert(table, "galah", "dr3")
    assert result.layout.name == "galah_dr3_v1"
    first, second = result.rows
    assert (first["gaia_dr2_source_id"], second["gaia_dr2_source_id"]) == (GAIA2, None)
    assert "gaia_dr3_source_id" not in first
    assert first["ra"] == 1.0


def test_all_spectra_are_a_product_of_their_own() -> None:
    result = convert(third(ind_Mg5711_fe=[0.1, 0.2]), "galah", "dr3")
    assert (result.layout.name, result.layout.product) == ("galah_dr3_allspec", "allspec")


def test_the_fourth_release_supplies_third_identifiers() -> None:
    table = Written(
        sobject_id=[ID], tmass_id=["00090421-0943404"], gaiadr3_source_id=[GAIA3], ra=[2.0],
        dec=[-3.0], mjd=[56612.0], flag_sp=[1], snr_px_ccd3=[55.0], teff=[5000.0], e_teff=[60.0],
        logg=[2.5], e_logg=[0.1], fe_h=[-0.2], e_fe_h=[0.02], flag_fe_h=[0], vmic=[1.4],
        vsini=[5.0], n_fe=[0.3], e_n_fe=[0.05], flag_n_fe=[1], rv_comp_1=[12.0],
        e_rv_comp_1=[0.2], chi2_sp=[1.5],
    )  # fmt: skip
    result = convert(table, "galah", "dr4")
    assert result.layout.name == "galah_dr4"
    (row,) = result.rows
    assert row["gaia_dr3_source_id"] == GAIA3
    assert row["tmass_id"] == "00090421-0943404"
    assert "gaia_dr2_source_id" not in row
    assert row["ref_epoch"] == 2016.0
    assert row["n_fe"] == np.float32(0.3)
    assert row["flag_n_fe"] == 1
    assert row["rv"] == 12.0


def test_missing_columns_are_named() -> None:
    with pytest.raises(NoSuchLayout, match="lacks the columns flag_sp"):
        convert(third(flag_sp=None), "galah", "dr3")


def test_a_spectrum_without_a_number_is_refused() -> None:
    result = convert(third(sobject_id=[ID, None]), "galah", "dr3")
    assert len(result.rows) == 1
    (refusal,) = result.refused
    assert refusal.row_number == 2
    assert "sobject_id: nothing there" in refusal.reason


def test_which_abundances_are_in_equilibrium() -> None:
    assert galah.DR3.labels["mn_fe"].equilibrium == "NLTE"
    assert galah.DR3.labels["sc_fe"].equilibrium == "LTE"
    assert galah.DR2.labels["mn_fe"].equilibrium == "LTE"


@pytest.mark.parametrize("release", ["dr2", "dr3"])
def test_simulated_catalogs(release: str, tmp_path: Path) -> None:
    simulate_survey("galah", 80, 3, tmp_path)
    name = {"dr2": "GALAH_DR2_catalog.fits", "dr3": "GALAH_DR3_main_v2.fits"}[release]
    truth = fits.getdata(tmp_path / "truth" / "stars.fits", 1)
    written = fits.getdata(tmp_path / "catalogs" / name, 1)
    result = convert_file(tmp_path / "catalogs" / name, "galah", release)
    assert result.layout.name == f"galah_{release}"
    assert not result.refused
    # The simulated DR2 fills in no error of the microturbulence.
    without = {"error of vmic is not positive: taken as missing": 80} if release == "dr2" else {}
    assert result.repaired == without
    assert [row["sobject_id"] for row in result.rows] == written["sobject_id"].tolist()
    for known in ("dr2", "dr3")[: 1 + (release == "dr3")]:
        ids = [row[f"gaia_{known}_source_id"] for row in result.rows]
        assert ids == truth[f"gaia_{known}_source_id"].tolist()
    assert [f"2M{row['tmass_id']}" for row in result.rows] == list(truth["apogee_id"])
    for label in ("teff", "logg", "eu_fe"):
        told = np.array([row[label] for row in result.rows], dtype=float)
        column = label if release == "dr2" or label != "eu_fe" else "Eu_fe"
        np.testing.assert_array_equal(told, written[column].astype(np.float32))
    assert len(result.rows) == 80


@pytest.mark.real_data
def test_the_made_up_row_of_the_pipeline_does_not_come_among_the_stars() -> None:
    path = real_path("catalogs", "galah_dr3_output_structure.fits")
    result = convert_file(path, "galah", "dr3")
    assert (result.layout.name, result.layout.product) == ("galah_dr3_structure", "structure")
    (row,) = result.rows
    assert row["sobject_id"] == 112233123401123
    assert row["gaia_dr2_source_id"] == 1234567891234567890
    assert row["teff"] == 5772.0
    assert row["err_teff"] is None
    assert row["vmic"] == np.float32(1.06)
    assert result.repaired["error of teff cannot be read: taken as missing"] == 1
