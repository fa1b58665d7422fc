from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from starledger.compute.simulate.observe.rest_spectra import NEAR_INFRARED
from starledger.compute.simulate.survey import simulate_survey
from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS
from tests.compute.simulate.pretend_spectra import STRONG_LINES, PretendSpectra

NO_ERROR = 1e9


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("apogee")
    spectra = PretendSpectra(NEAR_INFRARED)
    simulate_survey("apogee", 20, 4, out, quality="clean", spectra=spectra)
    return out


def stars(folder: Path) -> list[Path]:
    return sorted((folder / "spectra" / "apstar").glob("*.fits"))


def test_one_visit_gives_arrays_of_one_dimension(folder: Path) -> None:
    shapes = {}
    for path in stars(folder):
        with fits.open(path) as hdus:
            visits = hdus[0].header["NVISITS"]
            shapes[visits] = hdus[1].data.shape
            for hdu in hdus[1:8]:
                assert hdu.data.shape == hdus[1].data.shape
            assert hdus[9].columns["VHELIO"].array[0].shape == ((visits,) if visits > 1 else ())
    assert shapes[1] == (8575,)
    assert all(shape == (visits + 2, 8575) for visits, shape in shapes.items() if visits > 1)
    assert len(shapes) > 1


def test_grid_and_gaps(folder: Path) -> None:
    with fits.open(stars(folder)[0]) as hdus:
        header = hdus[1].header
        assert (header["CRVAL1"], header["CDELT1"]) == (4.179, 6e-6)
        error = np.atleast_2d(hdus[2].data)[0]
        flux = np.atleast_2d(hdus[1].data)[0]
        wavelength = 10 ** (4.179 + 6e-6 * np.arange(8575))
        for gap in (15830.0, 16453.0):
            assert error[np.abs(wavelength - gap).argmin()] > NO_ERROR
        assert (flux[error > NO_ERROR] == 0).all()
        assert hdus[3].data.dtype == np.dtype(">i2")


def test_combined_spectra_are_at_rest(folder: Path) -> None:
    wavelength = 10 ** (4.179 + 6e-6 * np.arange(8575))
    offsets = []
    for path in stars(folder):
        with fits.open(path) as hdus:
            if hdus[0].header["SNR"] < 50:
                continue
            flux = np.atleast_2d(hdus[1].data)[0].astype(np.float64)
        for name in ("H 4-11", "Si I"):
            speed = (wavelength / STRONG_LINES[name] - 1) * LIGHT_SPEED_KMS
            near = np.abs(speed) < 60
            depth = np.clip(np.median(flux[np.abs(speed) < 120]) - flux[near], 0, None)
            offsets.append(float((depth * speed[near]).sum() / depth.sum()))
    assert abs(np.median(offsets)) < 0.5


def test_noise_of_visits_at_rest_is_what_is_stated(folder: Path) -> None:
    pulls = []
    for path in stars(folder):
        with fits.open(path) as hdus:
            if hdus[0].header["NVISITS"] < 2:
                continue
            flux, error = hdus[1].data.astype(np.float64), hdus[2].data.astype(np.float64)
        seen = (error[2:4] < NO_ERROR).all(axis=0)
        difference = flux[2] - flux[3] * np.median(flux[2][seen] / flux[3][seen])
        # Lines change a little with the error of the velocity: take the smooth parts.
        smooth = seen & (np.abs(np.gradient(flux[0])) < 0.2 * error[0])
        pulls.append((difference / np.hypot(error[2], error[3]))[smooth])
    assert abs(np.concatenate(pulls).std() - 1) < 0.04


def test_visits_are_as_observed(folder: Path) -> None:
    truth = fits.getdata(folder / "truth" / "visits.fits", 1)
    for path in sorted((folder / "spectra" / "apvisit").rglob("*.fits"))[:5]:
        with fits.open(path) as hdus:
            assert [hdu.data.shape for hdu in hdus[1:11]] == [(3, 4096)] * 8 + [(3, 14), (3, 26)]
            wavelength, header = hdus[4].data, hdus[0].header
            assert wavelength.dtype == np.dtype(">f8")
            row = truth[truth["file"] == path.name][0]
            assert abs(header["BC"] - row["earth_velocity"]) < 1e-6
            assert abs(header["VRAD"] + header["BC"] - header["VHELIO"]) < 1e-6
            assert abs(header["VHELIO"] - row["rv"]) < 3.0
        assert (np.diff(wavelength, axis=1) < 0).all()
        assert wavelength[0].min() > wavelength[1].max() > wavelength[2].max()


def test_catalogs_name_the_files(folder: Path) -> None:
    all_star = fits.getdata(folder / "catalogs" / "allStar-r12-l33.fits", 1)
    assert set(all_star["FILE"]) == {path.name for path in stars(folder)}
    assert all_star["NVISITS"].sum() == len(
        fits.getdata(folder / "catalogs" / "allVisit-r12-l33.fits", 1)
    )
    given = all_star["ASPCAPFLAG"] == 0
    assert given.any()
    assert (all_star["TEFF"][~given] == -9999).all()
