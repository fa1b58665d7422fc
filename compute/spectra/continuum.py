"""The pseudo-continuum: a spectrum smoothed with a broad Gaussian, by which it is divided."""

from __future__ import annotations

from copy import copy
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from starledger.compute.spectra.linear_map import LinearMap

SIGMA = 50.0
TRUNCATION = 3.0


class PseudoContinuum:
    """Smooths spectra on one wavelength grid with a Gaussian, weighting pixels by their ivar.

    Every pixel gets the weighted mean of the pixels within three sigma, so bad pixels (ivar 0) do
    not count, and near the ends the mean is taken over what there is.

    Parameters
    ----------
    wavelength
        Of the pixels in Å, increasing.
    sigma
        Standard deviation of the Gaussian in Å.
    dtype
        That of the spectra.

    Examples
    --------
    >>> wavelength = np.arange(4000.0, 5000.0)
    >>> smooth = PseudoContinuum(wavelength)
    >>> flux, ivar = torch.full((1, 1000), 7.0), torch.ones(1, 1000)
    >>> flux[0, 500], ivar[0, 500] = 1e6, 0.0
    >>> [round(float(x), 4) for x in smooth(flux, ivar)[0, [0, 500, 999]]]
    [7.0, 7.0, 7.0]
    """

    def __init__(
        self, wavelength: ArrayLike, sigma: float = SIGMA, dtype: torch.dtype = torch.float32
    ) -> None:
        at = np.asarray(wavelength, dtype=np.float64)
        first = np.searchsorted(at, at - TRUNCATION * sigma)
        past = np.searchsorted(at, at + TRUNCATION * sigma, side="right")
        count = past - first
        rows = np.repeat(np.arange(len(at)), count)
        start = np.repeat(first - np.concatenate([[0], np.cumsum(count)[:-1]]), count)
        columns = np.arange(len(rows)) + start
        # Pixels count by their width, so that the answer does not depend on the sampling.
        weight = np.exp(-0.5 * ((at[columns] - at[rows]) / sigma) ** 2) * np.gradient(at)[columns]
        self._kernel = LinearMap.of(
            torch.from_numpy(rows),
            torch.from_numpy(columns),
            torch.from_numpy(weight).to(dtype),
            (len(at), len(at)),
        )

    def to(self, device: torch.device) -> Self:
        """Return the same smoothing on a device."""
        moved = copy(self)
        moved._kernel = self._kernel.to(device)
        return moved

    def __call__(self, flux: Tensor, ivar: Tensor) -> Tensor:
        """Return the pseudo-continuum of spectra.

        Parameters
        ----------
        flux
            Spectra × pixels; pixels with zero ivar may hold anything finite.
        ivar
            Inverse variance, of the same shape. NaN comes out where no pixel within reach has any.
        """
        weighted = self._kernel((flux * ivar).T.contiguous())
        return (weighted / self._kernel(ivar.T.contiguous())).T


class EvenPseudoContinuum(PseudoContinuum):
    """The same mean in which all pixels that have any ivar count alike.

    So it does not depend on the noise: spectra that are divided by it are like synthesized ones,
    which have none.

    Examples
    --------
    >>> wavelength = np.arange(4000.0, 5000.0)
    >>> flux = torch.where(torch.arange(1000) % 2 == 0, 1.0, 3.0)[None]
    >>> [round(float(one(wavelength)(flux, 1.0 / flux)[0, 500]), 2)
    ...  for one in (PseudoContinuum, EvenPseudoContinuum)]
    [1.5, 2.0]
    """

    def __call__(self, flux: Tensor, ivar: Tensor) -> Tensor:
        """Return the pseudo-continuum of spectra."""
        return super().__call__(flux, (ivar > 0).to(ivar))
