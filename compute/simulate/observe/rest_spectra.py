"""Spectra of stars at rest, synthesized and smoothed a little: what every instrument sees."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS
from starledger.compute.synthesis.lines import LineList
from starledger.compute.synthesis.resolution import Spectrograph
from starledger.compute.synthesis.synthesizer import Synthesizer, default_lines
from starledger.compute.synthesis.velocity_grid import VelocityGrid

Floats = NDArray[np.float64]
_FWHM = 2.354820045
_AT_ONCE = 4
"""Stars that are synthesized at once; fixed, so that a spectrum does not depend on the batch."""


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of the spectrum that is synthesized for one or more instruments.

    Parameters
    ----------
    name
        For people and for names of files.
    low, high
        Ends of the synthesis in Å, vacuum.
    first, pixels
        First wavelength in Å and number of the pixels that are kept.
    step
        Step of those pixels in km/s.
    sigma
        Standard deviation in km/s of the Gaussian that smooths them, which is narrower than the
        line-spread function of any instrument that uses the band.
    """

    name: str
    low: float
    high: float
    first: float
    pixels: int
    step: float
    sigma: float

    @property
    def wavelength(self) -> Floats:
        """Wavelengths of the pixels in Å, vacuum.

        Examples
        --------
        >>> [round(float(end)) for end in NEAR_INFRARED.wavelength[[0, -1]]]
        [15057, 17043]
        """
        speed = np.arange(self.pixels) * self.step
        return np.asarray(self.first * np.exp(speed / LIGHT_SPEED_KMS))


OPTICAL = Band("optical", 3540.0, 10460.0, 3545.0, 9356, 34.5, 40.0)
NEAR_INFRARED = Band("near-infrared", 15050.0, 17050.0, 15057.0, 12380, 3.0, 4.0)


class RestSpectra(Protocol):
    """Gives the flux of stars at rest on the pixels of a band."""

    @property
    def band(self) -> Band:
        """The band of the spectra."""

    def flux(self, labels: Tensor) -> Tensor:
        """Return F_λ at the surface in erg s⁻¹ cm⁻² Å⁻¹, stars × pixels of the band.

        Macroturbulence and rotation are left to the observation: as convolutions they commute
        with the smoothing.
        """


@dataclass(frozen=True, slots=True)
class FlatSpectra:
    """Spectra without a line, for those who want nothing but a survey's catalogs.

    Parameters
    ----------
    band
        See `RestSpectra`.
    """

    band: Band

    def flux(self, labels: Tensor) -> Tensor:
        """Return the same flux for all stars at all pixels."""
        return torch.full((len(labels), self.band.pixels), 1e7)


class DirectSpectra:
    """Synthesizes every star: exact, and some 0.7 s of a processor per star.

    Parameters
    ----------
    band
        Where.
    lines
        What absorbs; the lines that come with the software by default.

    Examples
    --------
    >>> from starledger.compute.synthesis.labels import label_tensor
    >>> sodium = Band("sodium", 5860.0, 5930.0, 5862.0, 100, 34.5, 40.0)
    >>> flux = DirectSpectra(sodium).flux(label_tensor({"teff": [5000.0, 6000.0]}))
    >>> flux.shape, bool((flux[1] > flux[0]).all())
    (torch.Size([2, 100]), True)
    """

    def __init__(self, band: Band, lines: LineList | None = None) -> None:
        self._band = band
        self.lines = default_lines() if lines is None else lines

    @property
    def band(self) -> Band:
        """The band of the spectra."""
        return self._band

    @cached_property
    def _grid(self) -> VelocityGrid:
        return VelocityGrid.covering(self.band.low, self.band.high)

    @cached_property
    def _synthesizer(self) -> Synthesizer:
        return Synthesizer(self._grid, self.lines)

    @cached_property
    def _smoothing(self) -> Spectrograph:
        wavelength = self.band.wavelength
        fwhm = wavelength * (self.band.sigma * _FWHM / LIGHT_SPEED_KMS)
        return Spectrograph(self._grid, wavelength, fwhm=fwhm)

    @torch.no_grad()
    def flux(self, labels: Tensor) -> Tensor:
        """Return F_λ at the surface in erg s⁻¹ cm⁻² Å⁻¹, stars × pixels of the band."""
        parts = [self._smoothing(self._synthesizer.spectrum(some).flux) for some in _equal(labels)]
        return torch.cat(parts)[: len(labels)]


def _equal(labels: Tensor) -> tuple[Tensor, ...]:
    """Return batches of one size, the last one filled up with its last star."""
    missing = -len(labels) % _AT_ONCE
    full = torch.cat([labels, labels[-1:].expand(missing, -1)])
    return torch.split(full, _AT_ONCE)
