"""From the synthesis grid to the pixels of a spectrograph: line-spread function and sampling."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from starledger.compute.spectra.linear_map import LinearMap
from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS
from starledger.compute.synthesis.velocity_grid import VelocityGrid
from starledger.schema.errors import StarledgerError

Floats = NDArray[np.float64]
_FWHM = 2.354820045
_REACH = 4.0


class OutsideGrid(StarledgerError):
    """Pixels lie where no spectrum was computed."""


def gaussian(offset: Floats) -> Floats:
    """Return the Gaussian line-spread function at offsets in units of its sigma."""
    return np.asarray(np.exp(-0.5 * offset**2))


def _width(wavelength: Floats, resolving_power: ArrayLike | None, fwhm: ArrayLike | None) -> Floats:
    """Return sigma in km/s at every pixel."""
    if resolving_power is not None:
        speed = LIGHT_SPEED_KMS / np.asarray(resolving_power, dtype=np.float64)
    elif fwhm is not None:
        speed = LIGHT_SPEED_KMS * np.asarray(fwhm, dtype=np.float64) / wavelength
    else:
        raise TypeError("give resolving_power or fwhm")
    return np.broadcast_to(speed / _FWHM, wavelength.shape)


class Spectrograph:
    """Turns spectra on a grid into what a spectrograph sees: the mean under its LSF at each pixel.

    Parameters
    ----------
    grid
        The grid of the spectra.
    wavelength
        Pixels of the spectrograph in Å, vacuum.
    resolving_power
        λ/FWHM, one number or one per pixel.
    fwhm
        Instead: full width at half maximum in Å, one number or one per pixel.
    shape
        The LSF as a function of the offset in units of sigma, zero beyond 4; it need not be
        symmetric or normalised.
    dtype
        That of the spectra.

    Examples
    --------
    >>> grid = VelocityGrid.covering(4000.0, 4100.0)
    >>> lamost = Spectrograph(grid, np.arange(4010.0, 4090.0), resolving_power=1800.0)
    >>> lamost(torch.ones(2, len(grid))).shape
    torch.Size([2, 80])
    """

    def __init__(
        self,
        grid: VelocityGrid,
        wavelength: ArrayLike,
        *,
        resolving_power: ArrayLike | None = None,
        fwhm: ArrayLike | None = None,
        shape: Callable[[Floats], Floats] = gaussian,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.grid = grid
        self.wavelength = np.asarray(wavelength, dtype=np.float64)
        sigma = _width(self.wavelength, resolving_power, fwhm) / grid.step
        self._map = self._weights(sigma, shape, dtype)

    def _weights(
        self, sigma: Floats, shape: Callable[[Floats], Floats], dtype: torch.dtype
    ) -> LinearMap:
        centre = np.log(self.wavelength / self.grid.start) * LIGHT_SPEED_KMS / self.grid.step
        half = int(np.ceil(_REACH * sigma.max()))
        pixel = np.rint(centre).astype(int)[:, None] + np.arange(-half, half + 1)
        if centre.min() < 0 or centre.max() > len(self.grid) - 1:
            raise OutsideGrid(
                f"Pixels from {self.wavelength.min():.1f} to {self.wavelength.max():.1f} Å lie "
                f"outside the synthesis at {self.grid.start:.1f}–{self.grid.end:.1f} Å.",
                remedy="Compute the spectra on a wider grid.",
            )
        offset = (pixel - centre[:, None]) / sigma[:, None]
        used = (pixel >= 0) & (pixel < len(self.grid)) & (np.abs(offset) <= _REACH)
        weight = np.where(used, shape(offset), 0.0)
        weight /= weight.sum(axis=1, keepdims=True)
        rows, columns = np.nonzero(weight)
        return LinearMap.of(
            torch.from_numpy(rows),
            torch.from_numpy(pixel[rows, columns]),
            torch.from_numpy(weight[rows, columns]).to(dtype),
            (len(centre), len(self.grid)),
        )

    def __call__(self, spectra: Tensor) -> Tensor:
        """Return the spectra seen, stars × pixels of the spectrograph."""
        return self._map(spectra.T.contiguous()).T
