"""Which pixels counted in a fit.

A fit leaves out pixels that see an end of the grid, or a gap, at velocities near its *start*; the
ledger keeps how many counted and their χ², and not where the fit started. So each of the few
choices that a start within its reach can make is tried, and the one that gives these is taken.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy import Row
from torch import Tensor

from starledger.compute.fitters.doppler import Doppler
from starledger.compute.models.base import Emulator, Spectra
from starledger.compute.work.recipe import Recipe

_PER_PIXEL = 64
"""So many starts are tried for each pixel of velocity."""
SAME = 1e-4
"""Relative difference below which χ² is that of the ledger: it was summed in single precision."""


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
    emulator: Emulator, recipe: Recipe, spectrum: Spectra, model: Tensor, visit: Row[Any]
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
    visit
        Its row in the ledger, with ``rv``, ``chi2`` and ``n_pixels``.
    """
    doppler = None if recipe.rv_range is None else Doppler(emulator.wavelength)
    rv = float(visit.rv or 0.0)
    ivar = _with_own_error(emulator, recipe, doppler, rv, spectrum.ivar)
    squares = (spectrum.flux - model).square() * ivar
    masks = _choices(doppler, rv, ivar > 0)
    sums = torch.where(masks, squares, 0.0).sum(1, dtype=torch.float64)
    known = math.nan if visit.chi2 is None else float(visit.chi2)
    off = (sums - known).abs().nan_to_num(math.inf)
    off[masks.sum(1) != visit.n_pixels] = math.inf
    best = int(off.argmin())
    exact = bool(off[best] <= SAME * max(abs(known), 1.0))
    return Used(masks[best].numpy(), ivar, float(sums[best]), exact)


def _with_own_error(
    emulator: Emulator, recipe: Recipe, doppler: Doppler | None, rv: float, ivar: Tensor
) -> Tensor:
    if not recipe.emulator_error or emulator.error is None:
        return ivar
    error = emulator.error.to(ivar)
    if doppler is not None:
        error = doppler.shift(torch.tensor([rv])).apply(error[None])[0]
    return ivar / (1.0 + ivar * error.square())


def _choices(doppler: Doppler | None, rv: float, counts: Tensor) -> Tensor:
    """Return the sets of pixels that could count: that of a start at `rv` first."""
    if doppler is None:
        return counts[None]
    reach = doppler.reach_kms
    n = math.ceil(2 * reach / doppler.pixel_kms * _PER_PIXEL)
    starts = torch.cat(
        [torch.tensor([rv]), torch.linspace(rv - reach, rv + reach, n, dtype=torch.float64)]
    )
    masks = (doppler.readable(starts, reach) & counts).numpy()
    _, first = np.unique(np.packbits(masks, axis=1), axis=0, return_index=True)
    return torch.from_numpy(masks[np.sort(first)])
