from __future__ import annotations

import numpy as np
import pytest
import torch
from astropy.io import fits

from starledger.compute.models.base import Spectra
from starledger.compute.spectra.continuum_pixels import APOGEE_BOUNDARIES, ContinuumPixels
from starledger.compute.spectra.doppler import Mover
from starledger.compute.spectra.grid import PixelGrid
from starledger.compute.spectra.masks import survey_mask
from starledger.compute.spectra.normalisation import normalise
from tests.real_data import real_path

WAVELENGTH = 10 ** (4.179 + 6e-6 * np.arange(8575))
PIXELS = np.arange(8575) % 12 == 0
PARTS = np.split(np.arange(8575), np.searchsorted(WAVELENGTH, APOGEE_BOUNDARIES))


def spectra(n: int = 3) -> Spectra:
    rng = np.random.default_rng(1)
    flux = rng.uniform(50, 100, (n, 1)) + rng.normal(0, 1, (n, 8575))
    return Spectra(torch.from_numpy(flux), torch.from_numpy(rng.uniform(0.0, 2.0, flux.shape)))


def test_is_the_weighted_fit_of_numpy_detector_by_detector() -> None:
    given = spectra()
    got = ContinuumPixels(WAVELENGTH, PIXELS)(given.flux, given.ivar).numpy()
    for i in range(3):
        for part in PARTS:
            at = part[PIXELS[part]]
            weight = given.ivar[i].sqrt().numpy()[at]
            fit = np.polynomial.Chebyshev.fit(
                WAVELENGTH[at], given.flux[i].numpy()[at], 4, w=weight
            )
            np.testing.assert_allclose(got[i, part], fit(WAVELENGTH[part]), rtol=1e-10)


def test_detectors_do_not_know_of_each_other() -> None:
    given = spectra()
    before = ContinuumPixels(WAVELENGTH, PIXELS)(given.flux, given.ivar)
    given.flux[:, PARTS[1]] *= 7
    after = ContinuumPixels(WAVELENGTH, PIXELS)(given.flux, given.ivar)
    for i, factor in enumerate((1, 7, 1)):
        np.testing.assert_allclose(after[:, PARTS[i]], factor * before[:, PARTS[i]], rtol=1e-12)


def test_neither_lines_nor_bad_pixels_count() -> None:
    given = spectra()
    fit = ContinuumPixels(WAVELENGTH, PIXELS)
    given.ivar[:, 120] = 0.0
    before = fit(given.flux, given.ivar)
    given.flux[:, 120] = torch.nan
    given.flux[:, ~PIXELS] = 1e9
    assert torch.equal(fit(given.flux, given.ivar), before)


def test_too_few_pixels_give_nan_for_their_detector_alone() -> None:
    given = spectra()
    some = PARTS[1][PIXELS[PARTS[1]]]
    given.ivar[0, some[9:]] = 0.0
    given.ivar[1, some[10:]] = 0.0
    got = ContinuumPixels(WAVELENGTH, PIXELS)(given.flux, given.ivar).isnan()
    assert bool(got[0, PARTS[1]].all())
    assert int(got.sum()) == len(PARTS[1])


@pytest.mark.parametrize("scale", [1e-16, 1e16])
def test_the_unit_of_the_flux_does_not_matter(scale: float) -> None:
    given = spectra()
    fit = ContinuumPixels(WAVELENGTH, PIXELS)
    scaled = fit(given.flux * scale, given.ivar / scale**2)
    np.testing.assert_allclose(scaled / scale, fit(given.flux, given.ivar), rtol=1e-9)


@pytest.fixture(scope="module")
def payne() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    folder = real_path("apogee", "masks")
    with (
        np.load(folder / "apogee_wavelength.npz") as wavelength,
        np.load(folder / "cannon_cont_pixels_apogee.npz") as pixels,
        np.load(folder / "apogee_mask.npz") as mask,
    ):
        return wavelength["wavelength"], pixels["pixels_cannon"], mask["apogee_mask"]


@pytest.mark.real_data
def test_boundaries_lie_in_the_gaps_of_apogee(
    payne: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    wavelength, pixels, mask = payne
    parts = np.split(np.arange(7214), np.searchsorted(wavelength, APOGEE_BOUNDARIES))
    assert [len(part) for part in parts] == [2920, 2400, 1894]
    assert [int(pixels[part].sum()) for part in parts] == [241, 108, 180]
    assert int((pixels & mask).sum()) == 6


@pytest.mark.real_data
def test_the_continuum_of_real_stars_is_one(
    payne: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    wavelength, pixels, _ = payne
    new = PixelGrid.explicit(wavelength)
    fit = ContinuumPixels(wavelength, pixels)
    deviations = []
    for path in sorted(real_path("apogee", "apstar").glob("*.fits")):
        with fits.open(path) as file:
            flux, error, bits = (np.atleast_2d(file[i].data)[0] for i in (1, 2, 3))
            step = file[1].header["CDELT1"]
            old = PixelGrid.log10(10 ** file[1].header["CRVAL1"], step, len(flux))
        error = np.where(survey_mask("apogee", bits), np.inf, error.astype(np.float64))
        star = Spectra(
            torch.from_numpy(flux.astype(np.float64))[None], torch.from_numpy(error**-2)[None]
        )
        star = Mover(old, new, dtype=torch.float64).resample(star, torch.zeros(1))
        normal = normalise(star, fit)
        at = (normal.ivar[0] > 0) & torch.from_numpy(pixels)
        assert int(at.sum()) > 150
        deviations.append(float(normal.flux[0, at].median()) - 1)
    assert np.abs(deviations).max() < 0.01
