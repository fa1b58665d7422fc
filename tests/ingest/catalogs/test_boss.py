from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from starledger.compute.simulate.survey import simulate_survey
from starledger.ingest.catalogs.choosing import NoSuchLayout
from starledger.ingest.catalogs.files.table import UnreadableTable
from tests.compute.simulate.test_survey import pretend
from tests.ingest.catalogs.raw_tables import Written, convert, convert_file, vectors


def spall(**changes: Any) -> Written:
    columns: dict[str, Any] = {
        "PLATE": [266, 10000],
        "MJD": [51602, 57346],
        "FIBERID": [7, 1000],
        "RUN2D": ["26  ", "v5_13_2"],
        "PLUG_RA": [146.71421, 359.0],
        "PLUG_DEC": [-1.0413043, 30.0],
        "CLASS": ["STAR", "GALAXY"],
        "SUBCLASS": ["F5", ""],
        "Z": np.array([-1e-4, 0.5], np.float32),
        "Z_ERR": np.array([1e-5, 1e-4], np.float32),
        "RCHI2": [1.05, 1.2],
        "ZWARNING": [0, 4],
        "SN_MEDIAN": vectors([1.0, 11.0, 21.0, 22.0, 15.0], [0.0, 2.0, 3.0, 4.0, 5.0]),
        "SN_MEDIAN_ALL": [18.0, 3.5],
        "THING_ID": [74568253, -1],
        "ELODIE_TEFF": [6440.0, 0.0],
        "ELODIE_LOGG": [3.92, 0.0],
        "ELODIE_FEH": [0.0, 0.0],
    }
    columns |= changes
    return Written(**{name: values for name, values in columns.items() if values is not None})


def test_spectra_of_plates() -> None:
    result = convert(spall(), "sdss", "dr17")
    assert (result.layout.name, result.layout.product) == ("sdss_spall", "spall")
    star, galaxy = result.rows
    assert star["external_id"] == "0266-51602-0007"
    assert galaxy["external_id"] == "10000-57346-1000"
    assert (star["plate"], star["fiber"], star["mjd"]) == ("266", "7", 51602.0)
    assert (star["ra"], star["dec"]) == (146.71421, -1.0413043)
    assert (star["class_name"], star["subclass"]) == ("STAR", "F5")
    assert (galaxy["class_name"], galaxy["subclass"]) == ("GALAXY", None)
    assert star["rv"] == pytest.approx(-29.9792458)
    assert star["err_rv"] == pytest.approx(2.99792458)
    assert (galaxy["rv"], galaxy["err_rv"]) == (None, None)
    assert [star[f"snr_{band}"] for band in "ugriz"] == [1.0, 11.0, 21.0, 22.0, 15.0]
    assert (star["snr"], galaxy["survey_flags"]) == (18.0, 4)
    assert (star["designation"], galaxy["designation"]) == ("74568253", None)
    assert (star["teff"], star["fe_h"]) == (6440.0, 0.0)
    assert star["logg"] == np.float32(3.92)
    assert (galaxy["teff"], galaxy["logg"], galaxy["fe_h"]) == (None, None, None)
    assert not result.repaired


def test_errors_of_failed_fits_are_left_out() -> None:
    (star, _) = (result := convert(spall(Z_ERR=[-3.0, 0.0]), "sdss", "dr17")).rows
    assert star["err_rv"] is None
    assert result.repaired == {"err_rv is not positive: taken as missing": 1}


def test_all_plates_of_sdss() -> None:
    result = convert(spall(SPECLEGACY=[1, 0], SPECSEGUE=[0, 0]), "sdss", "dr17")
    assert result.layout.product == "specobj"


def test_spectra_of_fields() -> None:
    table = spall(
        PLATE=None,
        FIBERID=None,
        THING_ID=None,
        FIELD=[15001, 112359],
        CATALOGID=[4375786564, 27021597911203990],
        SDSS_ID=[54392544, -999],
        FIBERID_LIST=["12 12", "400"],
        RACAT=[10.5, 20.5],
        DECCAT=[-1.5, 2.5],
        COORD_EPOCH=[2016.0, 0.0],
        SPEC_FILE=["spec-015001-59146-4375786564.fits", ""],
        XCSAO_TEFF=[5800.0, float("nan")],
        XCSAO_ETEFF=[35.0, -999.0],
        XCSAO_LOGG=[4.4, -999.0],
        XCSAO_FEH=[-0.5, float("nan")],
    )
    result = convert(table, "sdss", "dr19")
    assert result.layout.name == "sdss_spall_v"
    first, second = result.rows
    assert first["external_id"] == "015001-51602-4375786564"
    assert second["external_id"] == "112359-57346-27021597911203990"
    assert (first["designation"], second["designation"]) == ("54392544", None)
    assert (first["ra"], first["ref_epoch"], second["ref_epoch"]) == (10.5, 2016.0, None)
    assert (first["plate"], first["fiber"]) == ("15001", "12 12")
    assert (first["teff"], first["err_teff"]) == (5800.0, 35.0)
    assert (second["teff"], second["err_teff"], second["logg"]) == (None, None, None)


def test_missing_columns_are_named() -> None:
    with pytest.raises(NoSuchLayout, match="sdss_spall, it lacks the columns FIBERID"):
        convert(spall(FIBERID=None), "sdss", "dr17")


def test_a_number_where_a_vector_should_be() -> None:
    with pytest.raises(UnreadableTable, match="SN_MEDIAN is no vector"):
        convert(spall(SN_MEDIAN=[3.0, 4.0]), "sdss", "dr8")


def test_simulated_spall(tmp_path: Path) -> None:
    simulate_survey("boss", 25, 3, tmp_path, spectra=pretend("boss"))
    path = tmp_path / "catalogs" / "spAll-v5_13_2.fits"
    written = fits.getdata(path, 1)
    truth = fits.getdata(tmp_path / "truth" / "visits.fits", 1)
    result = convert_file(path, "sdss", "dr16")
    assert not result.refused
    assert not result.repaired
    files = [f"spec-{row['external_id']}.fits" for row in result.rows]
    assert files == truth["file"].tolist()
    told = np.array([row["rv"] for row in result.rows])
    np.testing.assert_allclose(told, written["Z"] * 299_792.458, rtol=1e-6, atol=1e-6)
    for number, band in enumerate("ugriz"):
        told = np.array([row[f"snr_{band}"] for row in result.rows], np.float32)
        np.testing.assert_array_equal(told, written["SN_MEDIAN"][:, number])
    assert [row["ra"] for row in result.rows] == written["PLUG_RA"].tolist()
