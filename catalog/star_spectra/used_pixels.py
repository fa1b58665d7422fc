"""Which pixels counted in a fit.

A fit leaves out pixels that see an end of the grid, or a gap, at velocities near its *start*, and
moves the model's own error there; the ledger keeps how many pixels counted and their χ², and not
where the fit started. So starts within its reach are tried, and one that gives these is taken.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from starledger.compute.fitters.doppler import Doppler
from starledger.compute.models.base import Emulator, Spectra
from starledger.compute.work.recipe import Recipe

_PER_PIXEL = 64
"""So many starts are tried for each pixel of velocity."""
SAME = 1e-4
"""Relative difference below which χ² is that of the ledger: it was summed in single precision."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the ledger keeps of a fit: ``rv``, ``chi2`` and ``n_pixels``; None is not known."""

    rv: float | None
    chi2: float | None
    n_pixels: int


@dataclass(frozen=True, slots=True)
class Used:
    """The pixels of a fit.

    Parameters
    ----------
    used
        Which counted.
    ivar
        Their inverse variances, with the model's own error where the fit added it.
    chi2
        The sum over those that counted.
    exact
        Whether their number and χ² are those of the ledger.
    """

    used: NDArray[np.bool_]
    ivar: Tensor
    chi2: float
    exact: bool


def used_pixels(
    emulator: Emulator, recipe: Recipe, spectrum: Spectra, model: Tensor, kept: Kept
) -> Used:
    """Return the pixels that counted in the fit of one visit.

    Parameters
    ----------
    emulator, recipe
        The model and how it was applied.
    spectrum
        The visit as the fit saw it: one row of pixels.
    model
        The model's spectrum for it.
    kept
        What the ledger says of the fit.
    """
    whole, weights = _weights(emulator, recipe, spectrum.ivar, kept.rv or 0.0)
    sums = ((spectrum.flux - model).square() * weights).sum(1, dtype=torch.float64)
    known = math.nan if kept.chi2 is None else kept.chi2
    off = (sums - known).abs().nan_to_num(math.inf)
    off[(weights > 0).sum(1) != kept.n_pixels] = math.inf
    best = int(off.argmin())
    exact = bool(off[best] <= SAME * max(abs(known), 1.0))
    return Used((weights[best] > 0).numpy(), whole[best], float(sums[best]), exact)


def _weights(emulator: Emulator, recipe: Recipe, ivar: Tensor, rv: float) -> tuple[Tensor, Tensor]:
    """Return inverse variances, starts × pixels: of all pixels, and 0 where they do not count.

    The first start is `rv` itself.
    """
    error = emulator.error if recipe.emulator_error else None
    doppler = None if recipe.rv_range is None else Doppler(emulator.wavelength)
    if doppler is None:
        whole = _with(error, ivar)[None]
        return whole, whole
    starts = _starts(doppler, rv)
    moved = None
    if error is not None:
        moved = doppler.shift(starts).apply(error.to(ivar).expand(len(starts), -1))
    whole = _with(moved, ivar).expand(len(starts), -1)
    return whole, whole * doppler.readable(starts, doppler.reach_kms)


def _with(error: Tensor | None, ivar: Tensor) -> Tensor:
    return ivar if error is None else ivar / (1.0 + ivar * error.to(ivar).square())


def _starts(doppler: Doppler, rv: float) -> Tensor:
    """Return velocities from which a fit may have come to `rv`, which is the first."""
    reach = doppler.reach_kms
    n = math.ceil(2 * reach / doppler.pixel_kms * _PER_PIXEL)
    around = torch.linspace(rv - reach, rv + reach, n, dtype=torch.float64)
    return torch.cat([torch.tensor([rv], dtype=torch.float64), around])
