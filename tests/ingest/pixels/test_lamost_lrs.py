from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time

from starledger.ingest.pixels.layouts import read_spectra
from starledger.ingest.pixels.spectrum import ReadSpectrum, UnreadableSpectrum
from starledger.schema.flags import Scope, names
from tests.ingest.pixels.made_files import (
    PIXELS,
    lamost_image,
    lamost_pilot,
    lamost_rows,
    lamost_table,
)
from tests.ingest.pixels.real_files import paths

MAKERS: tuple[Callable[..., bytes], ...] = (lamost_image, lamost_pilot, lamost_table)


def read(contents: bytes) -> ReadSpectrum:
    _, (spectrum,) = read_spectra("lamost", "x", contents)
    return spectrum


@pytest.mark.parametrize("make", [lamost_image, lamost_table])
def test_all_that_a_file_says_is_read(make: Any) -> None:
    spectrum = read(make(FIBERMAS=64))
    assert spectrum.external_id == "359910161"
    assert (spectrum.instrument, spectrum.kind, spectrum.arm) == ("lamost_lrs", "visit", "full")
    assert (spectrum.frame, spectrum.frame_shift) == ("barycentric", None)
    assert (spectrum.ra, spectrum.dec) == (292.05872, 43.925228)
    assert spectrum.mjd_mid == pytest.approx(Time("2015-09-21T11:57:00").mjd, abs=1e-9)
    assert (spectrum.time_scale, spectrum.night) == ("utc", 57287)
    assert spectrum.exposure_time == 1800.0
    assert (spectrum.snr_u, spectrum.snr_g, spectrum.snr_z) == (25.39, 87.63, 119.56)
    assert spectrum.rv == pytest.approx(-0.00017162 * 299792.458)
    assert spectrum.err_rv == pytest.approx(0.00002725 * 299792.458)
    assert (spectrum.class_name, spectrum.subclass) == ("STAR", "F5")
    assert spectrum.survey_flags == 64
    assert names(Scope.SPECTRUM, spectrum.flags) == ["survey_warning"]
    assert spectrum.grid.kind == "log10"
    assert (spectrum.grid.start, spectrum.grid.step) == (10**3.5682, 1e-4)
    assert spectrum.grid.medium == "vacuum"
    assert spectrum.pixels.or_mask is not None
    assert spectrum.pixels.mask.tolist() == [0] * PIXELS
    assert np.flatnonzero(spectrum.pixels.or_mask).tolist() == [3]
    assert dict(spectrum.mask_bits)[0] == "BADCCD"


def test_all_layouts_of_a_spectrum_give_the_same_pixels() -> None:
    first, *others = map(read, [*(make() for make in MAKERS), lamost_image(kind=">f8")])
    for other in others:
        assert np.array_equal(first.pixels.flux, other.pixels.flux)
        assert np.array_equal(first.pixels.ivar, other.pixels.ivar)
        assert other.grid == first.grid


def test_the_pilot_has_no_wavelengths_in_row_three() -> None:
    spectrum = read(lamost_pilot())
    assert np.allclose(spectrum.wavelength, lamost_rows()[2])
    assert spectrum.external_id == "KP193637N444141V03-sp10-161-57287"
    assert spectrum.snr_g == 71.41
    with pytest.raises(UnreadableSpectrum, match="no COEFF0 or COEFF1"):
        read(lamost_pilot(COEFF0=None))


@pytest.mark.parametrize("obsid", [None, 0, -28762])
def test_without_an_obsid_plan_fibre_and_night_name_it(obsid: int | None) -> None:
    spectrum = read(lamost_image(OBSID=obsid, FIBERID="161"))
    assert spectrum.external_id == "KP193637N444141V03-sp10-161-57287"


@pytest.mark.parametrize(
    ("changes", "values"),
    [
        ({"Z": -9999.0}, {"rv": None, "err_rv": None}),
        ({"CLASS": "GALAXY", "Z": 0.1}, {"rv": None, "class_name": "GALAXY"}),
        ({"Z_ERR": -9999.0}, {"err_rv": None}),
        ({"SNRG": -9999.0}, {"snr_g": None}),
        ({"EXPTIME": 0.0}, {"exposure_time": None}),
        ({"HELIO": False}, {"frame": "topocentric"}),
        ({"HELIO": None, "VACUUM": None}, {"frame": "barycentric"}),
    ],
)
def test_what_is_not_known_is_none(changes: dict[str, Any], values: dict[str, Any]) -> None:
    spectrum = read(lamost_image(**changes))
    assert {name: getattr(spectrum, name) for name in values} == values


def test_wavelengths_in_air_are_told() -> None:
    assert read(lamost_image(VACUUM=False)).grid.medium == "air"


@pytest.mark.parametrize("make", [lamost_image, lamost_table])
def test_wavelengths_that_differ_from_the_header_count(make: Any) -> None:
    rows = lamost_rows()
    rows[2] += np.linspace(0.0, 0.5, PIXELS)
    grid = read(make(rows)).grid
    assert (grid.kind, grid.step) == ("explicit", None)
    assert np.allclose(grid.wavelength(PIXELS), rows[2], atol=1e-3)
    rows[2, 5] = rows[2, 4]
    with pytest.raises(UnreadableSpectrum, match="do not increase"):
        read(make(rows))
    rows[2, 5] = np.nan
    with pytest.raises(UnreadableSpectrum, match="not finite"):
        read(make(rows))


@pytest.mark.parametrize("make", [lamost_image, lamost_table])
def test_pixels_that_are_no_numbers_lose_their_weight(make: Any) -> None:
    rows = lamost_rows()
    rows[0, 2], rows[0, 3], rows[1, 4], rows[1, 5] = np.nan, np.inf, -1.0, np.nan
    spectrum = read(make(rows))
    assert not spectrum.pixels.flux[2:6].any()
    assert not spectrum.pixels.ivar[2:6].any()
    assert names(Scope.SPECTRUM, spectrum.flags) == ["non_finite_flux"]
    rows[0] = np.nan
    flags = names(Scope.SPECTRUM, read(make(rows)).flags)
    assert flags == ["missing_errors", "non_finite_flux"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"RA": None}, "no RA or DEC"),
        ({"DEC": 95.0}, "not on the sky"),
        ({"DATE-OBS": None}, "when it was observed"),
        ({"DATE-OBS": "yesterday"}, "'yesterday', which is no time"),
        ({"OBSID": None, "PLANID": None}, "neither OBSID nor PLANID"),
    ],
)
@pytest.mark.parametrize("make", MAKERS)
def test_what_must_be_there_is_missed(make: Any, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UnreadableSpectrum, match=said):
        read(make(**changes))


@pytest.mark.real_data
@pytest.mark.parametrize("folder", ["lamost/pilot", "lamost/dr7_plate", "lamost/formats"])
def test_real_files_are_as_astropy_reads_them(folder: str) -> None:
    for path in paths(folder):
        if path.name.startswith("med"):
            continue
        contents = path.read_bytes()
        spectrum = read(contents)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(path) as hdus:
                header, rows = hdus[0].header, hdus[0].data
        assert np.array_equal(spectrum.pixels.flux, rows[0].astype("f4"))
        assert np.array_equal(spectrum.pixels.ivar, rows[1].astype("f4"))
        assert np.array_equal(spectrum.pixels.mask, rows[3])
        assert spectrum.pixels.or_mask is not None
        assert np.array_equal(spectrum.pixels.or_mask, rows[4])
        assert spectrum.grid.kind == "log10"
        if folder != "lamost/pilot":
            assert np.abs(spectrum.wavelength - rows[2]).max() < 0.005
        assert spectrum.mjd_mid == pytest.approx(Time(header["DATE-OBS"]).mjd, abs=1e-8)
        assert abs(spectrum.mjd_mid - header["LMJD"]) < 1
        not_star = "not_a_star" in names(Scope.SPECTRUM, spectrum.flags)
        assert not_star == (header["CLASS"] != "STAR")
