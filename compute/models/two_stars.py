"""The summed light of two stars that move against each other, as one emulator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from starledger.compute.fitters.doppler import Doppler
from starledger.compute.models.base import Emulator
from starledger.compute.models.tangents import Written

LIGHT_RATIO = "light_ratio"
RELATIVE_RV = "relative_rv"
_OWN = ("teff", "logg", "vmac", "vsini", "vbroad")
"""Labels of which each star has its own; composition, being born together, they share."""


@dataclass(frozen=True, slots=True)
class TwoStars:
    """The normalised sum of two stars of equal composition, the second fainter and moving.

    Its labels are those of the first star, then the second's own (``teff_2``, ``logg_2``, …), then
    ``light_ratio``, the second's light for one of the first's, the same at all wavelengths, and
    ``relative_rv``, the velocity of the second against the first in km/s.

    Parameters
    ----------
    star
        The emulator of a single star.
    own
        Places among its labels of those that the second has for itself.
    largest_rv
        The relative velocity stays between minus and plus this in km/s.
    doppler
        Moves the second.
    """

    star: Emulator
    own: tuple[int, ...]
    largest_rv: float
    doppler: Doppler

    @classmethod
    def of(cls, star: Emulator, largest_rv: float = 300.0) -> Self:
        """Return the pair of two stars that an emulator knows."""
        own = tuple(i for i, name in enumerate(star.labels) if name in _OWN)
        return cls(star, own, largest_rv, Doppler(star.wavelength))

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels in the order of all its tensors."""
        second = (f"{self.star.labels[i]}_2" for i in self.own)
        return (*self.star.labels, *second, LIGHT_RATIO, RELATIVE_RV)

    @property
    def wavelength(self) -> Tensor:
        """Wavelengths of its pixels in vacuum in Å."""
        return self.star.wavelength

    @property
    def low(self) -> Tensor:
        """Smallest labels, in label units."""
        return self._ends(self.star.low, (0.0, -self.largest_rv))

    @property
    def high(self) -> Tensor:
        """Largest labels, in label units."""
        return self._ends(self.star.high, (1.0, self.largest_rv))

    @property
    def error(self) -> Tensor | None:
        """Standard deviation of the single star's emulator at each pixel, where it is known."""
        return self.star.error

    def flux(self, labels: Tensor) -> Tensor:
        """Return spectra: pairs × pixels for pairs × labels."""
        first, second, ratio, rv = self._parts(labels)
        moved = self.doppler.shift(rv).apply(self.star.flux(second))
        return _mixed(self.star.flux(first), moved, ratio)

    def flux_and_gradient(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return spectra, and their derivatives by the labels: pairs × pixels × labels."""
        first, second, ratio, rv = self._parts(labels)
        one, one_gradient = self.star.flux_and_gradient(first)
        two, two_gradient = self.star.flux_and_gradient(second)
        shift = self.doppler.shift(rv)
        moved, slope = shift.apply_with_slope(two)
        flux = _mixed(one, moved, ratio)
        share = (ratio / (1.0 + ratio))[:, None]
        own = set(self.own)
        second_rows = [
            share * shift.apply(two_gradient[:, :, i]) for i in range(len(one_gradient[0, 0]))
        ]
        rows = [
            (1.0 - share) * one_gradient[:, :, i] + (0.0 if i in own else second_rows[i])
            for i in range(len(second_rows))
        ]
        rows += [second_rows[i] for i in self.own]
        rows += [(moved - flux) / (1.0 + ratio[:, None]), share * slope]
        return flux, torch.stack(rows, 2)

    def tangents(self, labels: Tensor) -> Written:
        """Return spectra with their derivatives."""
        return Written(*self.flux_and_gradient(labels))

    def to(self, device: torch.device) -> Self:
        """Return the same emulator on a device."""
        return self.of(self.star.to(device), self.largest_rv)

    def second_labels(self, labels: Tensor) -> Tensor:
        """Return all labels of the second star: pairs × labels of a single star."""
        n = len(self.star.labels)
        second = labels[:, :n].clone()
        second[:, list(self.own)] = labels[:, n : n + len(self.own)]
        return second

    def _parts(self, labels: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        n = len(self.star.labels)
        return labels[:, :n], self.second_labels(labels), labels[:, -2], labels[:, -1]

    def _ends(self, star: Tensor, last: Sequence[float]) -> Tensor:
        return torch.cat([star, star[list(self.own)], torch.tensor(last).to(star)])


def _mixed(one: Tensor, two: Tensor, ratio: Tensor) -> Tensor:
    return (one + ratio[:, None] * two) / (1.0 + ratio[:, None])
