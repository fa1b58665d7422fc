"""Stars whose spectra are a polynomial in their labels, with noise and scatter."""

from __future__ import annotations

import torch
from torch import Tensor

from starledger.compute.models.base import Spectra
from starledger.compute.models.cannon.terms import Terms
from starledger.compute.models.cannon.training import TrainingSet

NAMES = ("teff", "logg", "fe_h")
MIDDLE = torch.tensor([5000.0, 3.0, -0.5], dtype=torch.float64)
WIDTH = torch.tensor([800.0, 1.0, 0.5], dtype=torch.float64)


def made_up_stars(
    n_stars: int = 80, n_pixels: int = 60, error: float = 0.01, scatter: float = 0.01, seed: int = 1
) -> TrainingSet:
    """Return a training set; the pixels' scatter runs from zero to the given one."""
    draws = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=draws, dtype=torch.float64)

    terms = Terms.up_to(2, 3)
    x = torch.rand(n_stars, 3, generator=draws, dtype=torch.float64) * 2 - 1
    strength = 0.05 * torch.randn(
        len(terms), n_pixels, generator=torch.Generator().manual_seed(99), dtype=torch.float64
    )
    strength[0] = 1.0
    strength[4:] *= 0.2
    inside = torch.linspace(0.0, scatter, n_pixels, dtype=torch.float64)
    noise = error * normal(n_stars, n_pixels) + inside * normal(n_stars, n_pixels)
    flux = terms.values(x) @ strength + noise
    ivar = torch.full_like(flux, error**-2)
    wavelength = torch.linspace(5000.0, 5100.0, n_pixels, dtype=torch.float64)
    return TrainingSet(NAMES, MIDDLE + x * WIDTH, Spectra(flux, ivar), wavelength)
