"""The continuum as a polynomial through pixels that are known to hold no lines."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from copy import copy
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

ORDER = 4
APOGEE_BOUNDARIES = (15837.0, 16458.0)
"""Wavelengths in vacuum in Å between the detectors, which are normalised each by itself."""
_SPARE = 2
"""Times as many pixels as coefficients are asked for, so that noise cannot bend the polynomial."""


class ContinuumPixels:
    """Fits Chebyshev polynomials to the continuum pixels of spectra, weighting them by their ivar.

    Parameters
    ----------
    wavelength
        Of the pixels in Å, increasing.
    pixels
        Which of them are continuum.
    boundaries
        Wavelengths in Å; what lies between two of them is fitted by itself.
    order
        Of the polynomials.

    Examples
    --------
    >>> wavelength = np.linspace(15100.0, 17000.0, 1000)
    >>> fit = ContinuumPixels(wavelength, np.arange(1000) % 10 == 0)
    >>> flux = torch.from_numpy(2 + (wavelength / 16000) ** 3)[None]
    >>> bool(((fit(flux, torch.ones_like(flux)) / flux - 1).abs() < 1e-7).all())
    True
    """

    def __init__(
        self,
        wavelength: ArrayLike,
        pixels: ArrayLike,
        boundaries: Sequence[float] = APOGEE_BOUNDARIES,
        order: int = ORDER,
    ) -> None:
        at = np.asarray(wavelength, dtype=np.float64)
        self._parts = []
        self._bases = []
        cuts = [0, *np.searchsorted(at, boundaries), len(at)]
        for first, past in itertools.pairwise(cuts):
            if past - first > 1:
                part = at[first:past]
                scaled = 2 * (part - part[0]) / (part[-1] - part[0]) - 1
                basis = np.polynomial.chebyshev.chebvander(scaled, order)
                self._parts.append(slice(int(first), int(past)))
                self._bases.append(torch.from_numpy(basis))
        self._pixels = torch.from_numpy(np.asarray(pixels, dtype=bool))

    def to(self, device: torch.device) -> Self:
        """Return the same fit on a device."""
        moved = copy(self)
        moved._bases = [basis.to(device) for basis in self._bases]
        moved._pixels = self._pixels.to(device)
        return moved

    def __call__(self, flux: Tensor, ivar: Tensor) -> Tensor:
        """Return the continuum of spectra.

        Parameters
        ----------
        flux
            Spectra × pixels; pixels with zero ivar may hold anything.
        ivar
            Inverse variance, of the same shape. NaN comes out between boundaries where fewer than
            twice as many continuum pixels count as the polynomial has coefficients.
        """
        out = torch.full_like(flux, torch.nan)
        weight = torch.where(self._pixels & (ivar > 0), ivar, 0.0).double()
        values = torch.where(weight > 0, flux, 0.0).double()
        for part, basis in zip(self._parts, self._bases, strict=True):
            fitted = _fit(basis, values[:, part], weight[:, part])
            out[:, part] = fitted.to(flux.dtype)
        return out


def _fit(basis: Tensor, flux: Tensor, weight: Tensor) -> Tensor:
    """Return weighted least-squares polynomials of a batch; NaN where they are not determined."""
    n = basis.shape[1]
    relative = weight / weight.amax(dim=1, keepdim=True).clamp(min=torch.finfo(weight.dtype).tiny)
    pairs = (basis[:, :, None] * basis[:, None, :]).flatten(1)
    normal = (relative @ pairs).reshape(-1, n, n)
    factor, failed = torch.linalg.cholesky_ex(normal)
    fine = (failed == 0) & ((weight > 0).sum(dim=1) >= _SPARE * n)
    factor = torch.where(fine[:, None, None], factor, torch.eye(n).to(factor))
    coefficients = torch.cholesky_solve(((relative * flux) @ basis)[:, :, None], factor)
    return torch.where(fine[:, None], coefficients[:, :, 0] @ basis.T, torch.nan)
