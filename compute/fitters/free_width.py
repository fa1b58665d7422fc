"""Stars whose lines are wider or narrower than those that an emulator learned from.

Fibres of a spectrograph differ in how wide they make lines, by several percent, and a model that
knows one width takes wider lines for poorer stars or larger surface gravities. Where the width is
free, it is learned from the spectrum together with the labels, and no longer mistaken for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from starledger.compute.fitters.doppler import Doppler
from starledger.compute.models.base import Emulator
from starledger.compute.models.tangents import Written

LINE_VARIANCE = "line_variance"
_NARROWEST, _WIDEST = -0.6, 1.0
"""Range of the variance in squared pixels: beyond, two derivatives no longer make a profile."""


@dataclass(frozen=True, slots=True)
class FreeWidth:
    """A star whose lines have another variance than those that its emulator learned from.

    Its labels are those of the star and, last, ``line_variance`` in (km/s)²: by how much the
    variance of its lines exceeds that of the emulator's, less than nothing where they are sharper.

    Parameters
    ----------
    star
        The emulator.
    scale
        What makes the second difference at each pixel half the second derivative by the velocity,
        in 1/(km/s)²; 0 beside gaps and at the ends.
    low, high
        Smallest and largest labels.
    """

    star: Emulator
    scale: Tensor
    low: Tensor
    high: Tensor

    @classmethod
    def of(cls, star: Emulator) -> Self:
        """Return an emulator with its width set free."""
        pixel_kms = Doppler(star.wavelength).spacing_kms
        scale = (0.5 / pixel_kms.square()).nan_to_num(0.0).float()
        square = 0.5 / scale.max()
        ends = (
            torch.cat([end, (part * square)[None].to(end)])
            for end, part in ((star.low, _NARROWEST), (star.high, _WIDEST))
        )
        return cls(star, scale, *ends)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels in the order of all its tensors."""
        return (*self.star.labels, LINE_VARIANCE)

    @property
    def wavelength(self) -> Tensor:
        """Wavelengths of its pixels in vacuum in Å."""
        return self.star.wavelength

    @property
    def error(self) -> Tensor | None:
        """Standard deviation of the star's emulator at each pixel, where it is known."""
        return self.star.error

    def flux(self, labels: Tensor) -> Tensor:
        """Return spectra: stars × pixels for stars × labels."""
        flux = self.star.flux(labels[:, :-1])
        return flux + labels[:, -1:].to(flux) * self._curved(flux)

    def flux_and_gradient(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return spectra, and their derivatives by the labels: stars × pixels × labels."""
        flux, gradient = self.star.flux_and_gradient(labels[:, :-1])
        variance, rows = labels[:, -1:].to(flux), gradient.mT
        curved = self._curved(flux)
        widened = rows + variance[:, :, None] * self._curved(rows)
        return flux + variance * curved, torch.cat([widened, curved[:, None]], 1).mT

    def tangents(self, labels: Tensor) -> Written:
        """Return spectra with their derivatives."""
        return Written(*self.flux_and_gradient(labels))

    def to(self, device: torch.device) -> Self:
        """Return the same emulator on a device."""
        return self.of(self.star.to(device))

    def _curved(self, flux: Tensor) -> Tensor:
        """Return half the second derivative by the velocity in 1/(km/s)²: any × pixels."""
        out = torch.zeros_like(flux)
        inner = out[..., 1:-1]
        torch.add(flux[..., 2:], flux[..., :-2], out=inner)
        inner.sub_(flux[..., 1:-1], alpha=2.0)
        return out.mul_(self.scale)
