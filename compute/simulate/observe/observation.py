"""From stars at rest to what reaches the pixels: velocity, rotation and line-spread function."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from starledger.compute.simulate.observe.rest_spectra import Band
from starledger.compute.spectra.linear_map import LinearMap
from starledger.compute.synthesis.broadening import broaden
from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS
from starledger.schema.errors import StarledgerError

Floats = NDArray[np.float64]
_NEIGHBOURS = 6
_NODES = 3


class ShiftedOut(StarledgerError):
    """A star is so fast that the pixels show wavelengths that were not synthesized."""


def interpolation(band: Band, wavelength: Floats) -> LinearMap:
    """Return the map from pixels of a band to wavelengths, Lagrange's with six points.

    Spectra of a band are smooth over two pixels, so that its error is below 1e-5 of a line.
    """
    place = np.log(wavelength / band.first) * LIGHT_SPEED_KMS / band.step
    first = np.floor(place).astype(int) - _NEIGHBOURS // 2 + 1
    if first.min() < 0 or first.max() + _NEIGHBOURS > band.pixels:
        raise ShiftedOut(
            f"Pixels from {wavelength.min():.1f} to {wavelength.max():.1f} Å reach beyond the "
            f"{band.name} band.",
            remedy="Simulate an instrument that lies within the band.",
        )
    x = place - first
    points = np.arange(_NEIGHBOURS)
    weight = np.ones((len(place), _NEIGHBOURS))
    for i in points:
        for j in points[points != i]:
            weight[:, i] *= (x - j) / (i - j)
    rows = np.repeat(np.arange(len(place)), _NEIGHBOURS)
    columns = (first[:, None] + points).ravel()
    return LinearMap.of(
        torch.from_numpy(rows),
        torch.from_numpy(columns),
        torch.from_numpy(weight.ravel()).float(),
        (len(place), band.pixels),
    )


@dataclass(frozen=True, slots=True)
class Motion:
    """What broadens and shifts the lines of each star, in km/s.

    Parameters
    ----------
    velocity
        Radial velocity in the frame of the pixels.
    vmac, vsini
        Macroturbulence and projected rotation.
    """

    velocity: Tensor
    vmac: Tensor
    vsini: Tensor


class Sampling:
    """Shows spectra of a band on the pixels of an instrument.

    Parameters
    ----------
    band
        Of the spectra.
    wavelength
        Of the pixels in Å, vacuum.

    Examples
    --------
    >>> from starledger.compute.simulate.observe.rest_spectra import OPTICAL
    >>> pixels = np.linspace(5000.0, 5100.0, 90)
    >>> zero = torch.zeros(2, dtype=torch.float64)
    >>> still = Motion(zero, zero, zero)
    >>> flux, width = torch.ones(2, OPTICAL.pixels), np.full((2, 90), 70.0)
    >>> seen = Sampling(OPTICAL, pixels)(flux, still, width)
    >>> seen.shape, round(float(seen.max()), 4)
    (torch.Size([2, 90]), 1.0)
    """

    def __init__(self, band: Band, wavelength: Floats) -> None:
        self.band = band
        self.wavelength = wavelength
        self._map = interpolation(band, wavelength)

    def __call__(self, flux: Tensor, motion: Motion, sigma: Floats) -> Tensor:
        """Return the flux on the pixels, stars × pixels.

        Parameters
        ----------
        flux
            Stars × pixels of the band.
        motion
            Of the stars.
        sigma
            Standard deviation of the line-spread function in km/s, stars × pixels. It varies
            with wavelength: spectra are computed with three widths, and each pixel is
            interpolated between them in the square of the width, in which they are smooth.
        """
        variance = torch.from_numpy(np.asarray(sigma**2)) - self.band.sigma**2
        low, high = variance.min(dim=1).values, variance.max(dim=1).values
        place = (variance - low[:, None]) / (high - low).clamp(min=1e-9)[:, None]
        total = torch.zeros(variance.shape, dtype=flux.dtype)
        for node in range(_NODES):
            at = node / (_NODES - 1)
            width = (low + at * (high - low)).clamp(min=0.0)
            # A Gaussian of variance s² is macroturbulence of √2·s.
            vmac = torch.sqrt(motion.vmac**2 + 2 * width)
            broad = broaden(flux, self.band.step, vmac, motion.vsini, motion.velocity)
            total += _weight(place, node).to(flux.dtype) * self._map(broad.T.contiguous()).T
            if bool((high - low < 1e-6).all()):
                break
        return total


def _weight(place: Tensor, node: int) -> Tensor:
    """Return Lagrange's weight of a node at places from 0 to 1."""
    weight = torch.ones_like(place)
    for other in range(_NODES):
        if other != node:
            gap = (node - other) / (_NODES - 1)
            weight = weight * (place - other / (_NODES - 1)) / gap
    return weight
