from __future__ import annotations

import numpy as np
import torch

from starledger.compute.spectra.continuum import PseudoContinuum

WAVELENGTH = 10 ** np.arange(3.57, 3.60, 1e-4)


def direct(flux: np.ndarray, ivar: np.ndarray, sigma: float) -> np.ndarray:
    out = np.empty_like(flux)
    width = np.gradient(WAVELENGTH)
    for i, centre in enumerate(WAVELENGTH):
        distance = (WAVELENGTH - centre) / sigma
        weight = np.where(np.abs(distance) <= 3, np.exp(-0.5 * distance**2), 0) * ivar * width
        out[i] = (weight * flux).sum() / weight.sum()
    return out


def test_is_the_truncated_weighted_mean_at_every_pixel() -> None:
    rng = np.random.default_rng(1)
    flux = rng.uniform(0.5, 1.5, (2, len(WAVELENGTH)))
    ivar = rng.uniform(0.0, 2.0, flux.shape)
    smooth = PseudoContinuum(WAVELENGTH, dtype=torch.float64)
    got = smooth(torch.from_numpy(flux), torch.from_numpy(ivar)).numpy()
    for i in range(2):
        np.testing.assert_allclose(got[i], direct(flux[i], ivar[i], 50.0), rtol=1e-12)


def test_bad_pixels_do_not_count() -> None:
    flux = torch.ones(1, len(WAVELENGTH))
    ivar = torch.ones_like(flux)
    flux[0, 100:110] = -1e5
    ivar[0, 100:110] = 0.0
    got = PseudoContinuum(WAVELENGTH)(flux, ivar)
    assert torch.allclose(got, torch.ones_like(got), atol=1e-5)


def test_a_slope_survives_in_the_middle() -> None:
    grid = np.arange(4000.0, 5000.0)
    flux = torch.from_numpy(grid)[None]
    got = PseudoContinuum(grid, dtype=torch.float64)(flux, torch.ones_like(flux))
    np.testing.assert_allclose(got[0, 200:800].numpy(), grid[200:800], rtol=1e-9)


def test_pixels_without_neighbours_give_nan() -> None:
    flux = torch.ones(1, len(WAVELENGTH))
    assert bool(PseudoContinuum(WAVELENGTH)(flux, torch.zeros_like(flux)).isnan().all())
