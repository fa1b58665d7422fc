"""Grids of wavelengths in equal steps of velocity, on which spectra are computed."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log

import torch
from torch import Tensor

from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS

SEGMENT = 2048
"""Pixels that are computed at once: enough to fill the processor, few enough for its cache."""
_MIDDLE_STEP = 8.0
_COARSE_STEP = 64.0
"""Largest steps in km/s of the coarser grids on which the wings of lines are computed."""


def _power_of_two(ratio: float) -> int:
    return 1 << max(0, int(ratio).bit_length() - 1)


@dataclass(frozen=True, slots=True)
class VelocityGrid:
    """Wavelengths in vacuum with a constant step in velocity.

    Parameters
    ----------
    start
        First wavelength in Å.
    step
        Step in km/s.
    segments
        Number of stretches of `SEGMENT` pixels.
    """

    start: float
    step: float
    segments: int

    @classmethod
    def covering(cls, low: float, high: float, step: float = 2.0) -> VelocityGrid:
        """Return the grid that covers a range of wavelengths in Å.

        Examples
        --------
        >>> len(VelocityGrid.covering(3700.0, 9000.0))
        135168
        """
        pixels = log(high / low) * LIGHT_SPEED_KMS / step
        return cls(low, step, max(1, ceil(pixels / SEGMENT)))

    def __len__(self) -> int:
        return self.segments * SEGMENT

    @property
    def middle(self) -> int:
        """Step of the middle grid in pixels, a power of two."""
        return _power_of_two(_MIDDLE_STEP / self.step)

    @property
    def coarse(self) -> int:
        """Step of the coarse grid in pixels, a power of two."""
        return _power_of_two(_COARSE_STEP / self.step)

    @property
    def end(self) -> float:
        """Last wavelength in Å."""
        return float(self.wavelength_at(len(self) - 1))

    def wavelength_at(self, pixel: float) -> float:
        """Return the wavelength in Å at a position in pixels."""
        return float(
            self.start
            * torch.exp(torch.tensor(pixel * self.step / LIGHT_SPEED_KMS, dtype=torch.float64))
        )

    def wavelength(self, first: int = 0, last: int | None = None, step: int = 1) -> Tensor:
        """Return wavelengths in Å of the pixels `first`, `first + step`, … before `last`."""
        pixels = torch.arange(first, len(self) if last is None else last, step, dtype=torch.float64)
        return self.start * torch.exp(pixels * (self.step / LIGHT_SPEED_KMS))
