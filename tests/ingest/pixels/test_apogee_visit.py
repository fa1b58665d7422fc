from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time

from starledger.ingest.pixels.layouts import read_spectra
from starledger.ingest.pixels.spectrum import ReadSpectrum, UnreadableSpectrum
from starledger.schema.flags import Scope, names
from tests.ingest.pixels.made_files import CHIP, apogee_visit
from tests.ingest.pixels.real_files import paths


def read(contents: bytes) -> ReadSpectrum:
    _, (spectrum,) = read_spectra("apogee", "x", contents)
    return spectrum


def test_all_that_a_file_says_is_read() -> None:
    spectrum = read(apogee_visit(STARFLAG=4))
    assert spectrum.external_id == "apo25m.5095.55844.128"
    assert (spectrum.instrument, spectrum.kind, spectrum.frame) == (
        "apogee", "visit", "topocentric",
    )  # fmt: skip
    assert spectrum.mjd_mid == pytest.approx(Time("2011-10-10T06:25:00.4").mjd, abs=1e-9)
    assert (spectrum.time_scale, spectrum.night) == ("utc", 55844)
    assert (spectrum.rv, spectrum.err_rv, spectrum.snr) == (-33.1228, 0.184171, 44.9672)
    assert (spectrum.class_name, spectrum.survey_flags) == ("STAR", 4)
    assert names(Scope.SPECTRUM, spectrum.flags) == ["bright_neighbour", "survey_warning"]
    assert dict(spectrum.mask_bits)[12] == "SIG_SKYLINE"


def test_three_detectors_are_put_in_order() -> None:
    spectrum = read(apogee_visit())
    assert (np.diff(spectrum.wavelength) > 0).all()
    assert len(spectrum.wavelength) == 3 * CHIP
    assert spectrum.wavelength[0] == 15140.0
    assert spectrum.pixels.ivar[-1] == 0.0
    assert spectrum.pixels.ivar[0] == 0.25
    assert (spectrum.pixels.mask == 1).all()


@pytest.mark.parametrize(
    ("changes", "values"),
    [
        ({"UT-MID": None}, {"mjd_mid": pytest.approx(55844.26737)}),
        ({"VHELIO": 999999.0}, {"rv": None}),
        ({"VHELIO": -9999.0}, {"rv": None}),
        ({"OBJTYPE": "HOT_STD"}, {"class_name": "STAR"}),
        ({"OBJTYPE": "SKY"}, {"class_name": "SKY"}),
    ],
)
def test_what_files_say_in_other_ways(changes: dict[str, Any], values: dict[str, Any]) -> None:
    spectrum = read(apogee_visit(**changes))
    assert {name: getattr(spectrum, name) for name in values} == values


def test_errors_that_cannot_be_take_the_weight_away() -> None:
    spectrum = read(apogee_visit(error=-1.0))
    assert not spectrum.pixels.ivar.any()
    assert names(Scope.SPECTRUM, spectrum.flags) == ["missing_errors", "non_finite_flux"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"PLATE": None}, "no PLATE"),
        ({"RA": None}, "no RA or DEC"),
        ({"JD-MID": None, "UT-MID": None}, "when it was observed"),
    ],
)
def test_what_must_be_there_is_missed(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UnreadableSpectrum, match=said):
        read(apogee_visit(**changes))


@pytest.mark.real_data
def test_real_files_are_as_astropy_reads_them() -> None:
    for path in paths("apogee/apvisit"):
        spectrum = read(path.read_bytes())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(path) as hdus:
                flux, error, mask, wavelength = (hdus[n].data.ravel() for n in (1, 2, 3, 4))
                assert spectrum.rv == hdus[0].header["VHELIO"]
        order = np.argsort(wavelength)
        assert np.array_equal(spectrum.wavelength, wavelength[order])
        assert np.array_equal(spectrum.pixels.flux, flux[order])
        assert np.array_equal(spectrum.pixels.mask, mask[order])
        assert np.allclose(spectrum.pixels.ivar, error[order].astype(float) ** -2)
