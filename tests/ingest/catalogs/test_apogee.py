from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits

from starledger.compute.simulate.files import writers
from starledger.compute.simulate.observe.observing import Quality
from starledger.compute.simulate.survey import simulate_survey
from starledger.ingest.catalogs import apogee
from starledger.ingest.catalogs.choosing import NoSuchLayout
from tests.compute.simulate.test_survey import pretend
from tests.ingest.catalogs.raw_tables import Written, convert, convert_file, vectors
from tests.real_data import real_path

GAIA = 2413929812587459072


def star(**changes: Any) -> Written:
    columns: dict[str, Any] = {
        "APSTAR_ID": ["apogee.apo25m.s.stars.4562.2M00000032+5737103", "apogee.lco25m.s.x.2M1"],
        "APOGEE_ID": ["2M00000032+5737103 ", "2M1"],
        "TELESCOPE": ["apo25m", "lco25m"],
        "FIELD": ["116-04", "120+12"],
        "RA": [0.001335, 359.9],
        "DEC": [57.61953, -10.0],
        "NVISITS": [3, 1],
        "SNR": [229.0, float("nan")],
        "STARFLAG": pa.array([0, -(2**31)], pa.int32()),
        "ASPCAPFLAG": [1 << 40, -9999 + (1 << 14)],
        "VHELIO_AVG": [-20.5, 999999.0],
        "VERR": [0.05, 0.0],
        "ASPCAP_CHI2": [1.2, -9999.99],
        "PARAMFLAG": vectors([1, 2, 3, 4, 5, 6, 7, 8, 9], [0] * 9),
        "TEFF": [4800.5, -9999.0],
        "TEFF_ERR": [90.0, -9999.0],
        "LOGG": [2.5, float("nan")],
        "LOGG_ERR": [0.05, -1.0],
        "VMICRO": [1.4, 1.5],
        "M_H": [-0.3, -9999.0],
        "M_H_ERR": [0.01, 0.0],
        "ALPHA_M": [0.1, 0.2],
        "FE_H": [-0.31, -9999.99],
        "FE_H_ERR": [0.011, -9999.0],
        "FE_H_FLAG": [0, 1],
        "MG_FE": [0.15, 0.2],
        "MG_FE_ERR": [0.02, 0.03],
        "MG_FE_FLAG": [2, 0],
        "CE_FE": [0.4, 0.5],
    }
    columns |= changes
    return Written(**{name: values for name, values in columns.items() if values is not None})


def test_stars_of_the_seventeenth_release() -> None:
    result = convert(star(GAIAEDR3_SOURCE_ID=[GAIA, 0]), "apogee", "dr17")
    assert (result.layout.name, result.layout.product) == ("apogee_allstar_dr17", "allstar")
    first, second = result.rows
    assert first["external_id"] == "apogee.apo25m.s.stars.4562.2M00000032+5737103"
    assert first["apogee_id"] == "2M00000032+5737103"
    assert (first["telescope"], first["field"], first["n_visits"]) == ("apo25m", "116-04", 3)
    assert (first["gaia_dr3_source_id"], second["gaia_dr3_source_id"]) == (GAIA, None)
    assert "gaia_dr2_source_id" not in first
    assert (first["survey_flags"], second["star_flags"]) == (1 << 40, 1 << 31)
    assert (first["rv"], second["rv"], second["err_rv"]) == (-20.5, None, None)
    assert (first["teff"], second["teff"], second["logg"]) == (4800.5, None, None)
    assert (first["flag_teff"], first["flag_logg"], first["flag_vmic"]) == (1, 2, 3)
    assert (first["flag_m_h"], first["flag_alpha_m"]) == (4, 7)
    assert first["vmic"] == np.float32(1.4)
    assert (second["m_h"], second["err_m_h"], second["fe_h"]) == (None, None, None)
    assert second["flag_fe_h"] == 1
    assert first["mg_fe"] == np.float32(0.15)
    assert first["err_mg_fe"] == np.float32(0.02)
    assert first["flag_mg_fe"] == 2
    assert first["ce_fe"] == np.float32(0.4)
    assert second["chi2"] is None
    assert not result.repaired


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        ({"GAIA_SOURCE_ID": [GAIA, -1]}, "apogee_allstar_dr16"),
        ({"GAIA_SOURCE_ID": [GAIA, -1], "GAIAEDR3_SOURCE_ID": [1, 2]}, "apogee_allstar_dr17"),
        ({}, "apogee_allstar_dr13"),
        ({"TELESCOPE": None, "FIELD": None, "PARAMFLAG": None}, "apogee_allstar_dr13"),
    ],
)
def test_releases_are_told_by_their_identifiers(columns: dict[str, Any], name: str) -> None:
    result = convert(star(**columns), "apogee", "dr14")
    assert result.layout.name == name
    if name == "apogee_allstar_dr16":
        assert result.rows[0]["gaia_dr2_source_id"] == GAIA
        assert "gaia_dr3_source_id" not in result.rows[0]
        assert result.rows[1]["gaia_dr2_source_id"] is None


def test_labels_know_how_they_were_measured() -> None:
    assert apogee.ALL_STAR_DR17.labels["mg_fe"].equilibrium == "NLTE"
    assert apogee.ALL_STAR_DR16.labels["mg_fe"].equilibrium == "LTE"
    assert apogee.ALL_STAR_DR12.labels["mg_h"].solar_scale == "Asplund et al. (2005)"


def test_missing_columns_are_named() -> None:
    with pytest.raises(NoSuchLayout, match="lacks the columns APSTAR_ID"):
        convert(star(APSTAR_ID=None, GAIAEDR3_SOURCE_ID=[1, 2]), "apogee", "dr17")


def visits(**changes: Any) -> Written:
    columns: dict[str, Any] = {
        "APOGEE_ID": ["2M00000032+5737103", "2M00003088+5933348"],
        "FILE": ["apVisit-r12-4424-55847-012.fits", "apVisit-r12-56527-2M0000.fits"],
        "FIBERID": [12, 218],
        "PLATE": ["4424  ", "hip"],
        "MJD": [55847, 56527],
        "TELESCOPE": ["apo25m", "apo1m"],
        "RA": [0.001335, 0.1],
        "DEC": [57.61953, 59.5],
        "SNR": [80.5, -9999.0],
        "STARFLAG": [16, 0],
        "VHELIO": [-20.25, 999999.0],
        "VRELERR": [0.1, 999999.0],
        "RV_TEFF": [5000.0, -9999.0],
    }
    columns |= changes
    return Written(**{name: values for name, values in columns.items() if values is not None})


def test_visits() -> None:
    result = convert(visits(), "apogee", "dr16")
    assert (result.layout.name, result.layout.product) == ("apogee_allvisit", "allvisit")
    first, second = result.rows
    assert first["external_id"] == "apo25m.4424.55847.012"
    assert second["external_id"] == "apo1m.hip.56527.2M00003088+5933348"
    assert (first["designation"], first["mjd"]) == ("2M00000032+5737103", 55847.0)
    assert (first["plate"], first["fiber"]) == ("4424", "12")
    assert (first["rv"], second["rv"], second["err_rv"]) == (-20.25, None, None)
    assert (first["snr"], second["snr"]) == (80.5, None)
    assert (first["teff"], second["teff"]) == (5000.0, None)
    assert first["survey_flags"] == 16
    assert first["file_name"] == "apVisit-r12-4424-55847-012.fits"
    assert not result.repaired


def test_visits_of_early_releases_have_numbers_of_plates_and_no_telescope() -> None:
    table = visits(TELESCOPE=None, PLATE=[4424, 56], LOCATION_ID=[4102, 1])
    result = convert(table, "apogee", "dr12")
    assert result.layout.name == "apogee_allvisit_early"
    assert [row["external_id"] for row in result.rows] == [
        "apo25m.4424.55847.012",
        "apo1m.56.56527.2M00003088+5933348",
    ]


def test_simulated_catalogs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "DUPLICATE_STAR_SHARE", 0.3)
    simulate_survey("apogee", 60, 3, tmp_path, spectra=pretend("apogee"), quality=Quality.REALISTIC)
    folder = tmp_path / "catalogs"
    written = fits.getdata(folder / "allStar-r12-l33.fits", 1)
    result = convert_file(folder / "allStar-r12-l33.fits", "apogee", "dr16")
    assert result.layout.name == "apogee_allstar_dr16"
    assert not result.refused
    assert not result.repaired
    ids = [row["external_id"] for row in result.rows]
    assert len(set(ids)) == len(ids) == len(written)
    assert len({row["apogee_id"] for row in result.rows}) == 60 < len(ids)
    for label, column in (("teff", "TEFF"), ("mg_fe", "MG_FE"), ("vmic", "VMICRO")):
        told = np.array([row[label] for row in result.rows], dtype=float)
        told = np.where(np.isnan(told), -9999.0, told)
        np.testing.assert_array_equal(told, written[column])
    truth = fits.getdata(tmp_path / "truth" / "visits.fits", 1)
    seen = convert_file(folder / "allVisit-r12-l33.fits", "apogee", "dr16")
    assert not seen.refused
    assert not seen.repaired
    assert [row["file_name"] for row in seen.rows] == truth["file"].tolist()
    assert len({row["external_id"] for row in seen.rows}) == len(truth)


@pytest.mark.real_data
def test_a_real_slice_of_the_twelfth_release() -> None:
    path = real_path("catalogs", "APOGEE-allStar-v603-Hipparcos.fits.gz")
    result = convert_file(path, "apogee", "dr12")
    assert result.layout.name == "apogee_allstar_dr12"
    assert len(result.rows) == 3244
    assert not result.refused
    assert len({row["external_id"] for row in result.rows}) == 3244
    first = result.rows[0]
    assert first["external_id"] == "apogee.apo1m.s.stars.1.2M00003088+5933348"
    # Hipparcos' own position, in RArad, is 2 arcsec away.
    assert (first["ra"], first["dec"]) == (0.128669992089, 59.5596809387)
    assert (first["teff"], first["err_teff"], first["fe_h"]) == (None, None, None)
    assert first["vmic"] == pytest.approx(10**0.2072963, rel=1e-6)
    assert first["flag_vmic"] == 65536
    assert first["flag_al_h"] == 257
    assert first["survey_flags"] == 142608512
    good = next(row for row in result.rows if row["teff"] is not None)
    assert good["teff"] == np.float32(4506.523)
    assert good["err_teff"] == np.float32(91.466736)
    assert max(row["survey_flags"] for row in result.rows) == 1 << 31
    assert min(row["survey_flags"] for row in result.rows) == 0
    assert sum(row["teff"] is not None for row in result.rows) == 773
    assert not result.repaired
