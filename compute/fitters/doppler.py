"""The spectrum of a moving star, interpolated on the grid of the star at rest.

A velocity v moves what is at λ to λ (1 + v/c). Pixels are interpolated by cubic convolution over
six neighbours (Keys 1981, IEEE Trans. ASSP 29, 1153, the fourth-order kernel), whose derivative by
the velocity is continuous.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS

_BEFORE, _AFTER = 2, 3
_TAPS = _BEFORE + 1 + _AFTER
_GAP = 2.5
"""Neighbours that are farther apart than so many usual pixels have a gap between them."""
_REACH_KMS, _REACH_PIXELS = 30.0, 3.0


@dataclass(frozen=True, slots=True)
class Shift:
    """How each spectrum of a batch is interpolated: a sparse matrix S for each.

    Parameters
    ----------
    first
        The first of the six pixels at rest that make each observed pixel: spectra × pixels.
    part
        Where between the third and the fourth of them the observed pixel lies, 0–1: spectra ×
        pixels, or × 1.
    kms
        Pixels of that for one km/s: spectra × pixels, or × 1.
    """

    first: Tensor
    part: Tensor
    kms: Tensor

    def apply(self, rest: Tensor) -> Tensor:
        """Return S·rest, the spectra as observed."""
        out = torch.zeros_like(rest)
        for factor, there in zip(_kernel(self.part), self._neighbours(rest), strict=True):
            out.addcmul_(factor.expand_as(out), there)
        return out

    def slope(self, rest: Tensor) -> Tensor:
        """Return the derivatives by the velocity of the spectra as observed, by km/s."""
        return self.apply_with_slope(rest)[1]

    def apply_with_slope(self, rest: Tensor) -> tuple[Tensor, Tensor]:
        """Return the spectra as observed, and their derivatives by the velocity."""
        flux, slope = torch.zeros_like(rest), torch.zeros_like(rest)
        kernels = _kernel(self.part), _kernel_slope(self.part), self._neighbours(rest)
        for factor, tilt, there in zip(*kernels, strict=True):
            flux.addcmul_(factor.expand_as(flux), there)
            slope.addcmul_(tilt.expand_as(slope), there)
        return flux, slope.mul_(self.kms)

    def transposed(self, observed: Tensor) -> Tensor:
        """Return Sᵀ·observed."""
        out, share = torch.zeros_like(observed), torch.empty_like(observed)
        for place, factor in enumerate(_kernel(self.part)):
            torch.mul(observed, factor, out=share)
            self._at(out, place).scatter_add_(1, self.first, share)
        return out

    def spread(self, weights: Tensor) -> Tensor:
        """Return weights on the grid at rest, none negative, of the same sum."""
        out = torch.zeros_like(weights)
        after = self.part * weights
        self._at(out, _BEFORE).scatter_add_(1, self.first, weights - after)
        self._at(out, _BEFORE + 1).scatter_add_(1, self.first, after)
        return out

    def _neighbours(self, rest: Tensor) -> Iterator[Tensor]:
        room = torch.empty_like(rest)
        for place in range(_TAPS):
            yield torch.gather(self._at(rest, place), 1, self.first, out=room)

    def _at(self, rest: Tensor, place: int) -> Tensor:
        """Return the view in which `first` points to that one of the six."""
        return rest.narrow(1, place, rest.shape[1] - _TAPS + 1)


def _kernel(t: Tensor) -> tuple[Tensor, ...]:
    u = 1.0 - t
    before = _outer(2.0 + t), _middle(1.0 + t), _inner(t)
    return *before, _inner(u), _middle(1.0 + u), _outer(2.0 + u)


def _kernel_slope(t: Tensor) -> tuple[Tensor, ...]:
    # The velocity moves the pixel towards shorter wavelengths: towards smaller t.
    u = 1.0 - t
    before = _outer_slope(2.0 + t), _middle_slope(1.0 + t), _inner_slope(t)
    after = _inner_slope(u), _middle_slope(1.0 + u), _outer_slope(2.0 + u)
    return *(-x for x in before), *after


def _inner(s: Tensor) -> Tensor:
    return (4.0 / 3.0 * s - 7.0 / 3.0) * s * s + 1.0


def _inner_slope(s: Tensor) -> Tensor:
    return (4.0 * s - 14.0 / 3.0) * s


def _middle(s: Tensor) -> Tensor:
    return ((-7.0 / 12.0 * s + 3.0) * s - 59.0 / 12.0) * s + 2.5


def _middle_slope(s: Tensor) -> Tensor:
    return (-7.0 / 4.0 * s + 6.0) * s - 59.0 / 12.0


def _outer(s: Tensor) -> Tensor:
    return ((1.0 / 12.0 * s - 2.0 / 3.0) * s + 7.0 / 4.0) * s - 1.5


def _outer_slope(s: Tensor) -> Tensor:
    return (1.0 / 4.0 * s - 4.0 / 3.0) * s + 7.0 / 4.0


class Doppler:
    """Makes shifts on one wavelength grid.

    Parameters
    ----------
    wavelength
        In vacuum in Å, increasing.
    """

    def __init__(self, wavelength: Tensor) -> None:
        self._log = wavelength.double().log()
        steps = self._log.diff()
        self.pixel_kms = float(steps.median()) * LIGHT_SPEED_KMS
        self._uniform = bool((steps / steps.median() - 1.0).abs().max() < 1e-4)
        gaps = steps > _GAP * steps.median()
        self._segment = torch.nn.functional.pad(gaps.cumsum(0), (1, 0))

    @property
    def reach_kms(self) -> float:
        """How far a fitted velocity may go before the pixels that count are chosen anew."""
        return max(_REACH_KMS, _REACH_PIXELS * self.pixel_kms)

    def shift(self, rv: Tensor) -> Shift:
        """Return the shifts for radial velocities in km/s."""
        moved = torch.log1p(rv.double() / LIGHT_SPEED_KMS)[:, None]
        base, part, step = self._uniform_places(moved) if self._uniform else self._places(moved)
        last = len(self._log) - 1 - _AFTER
        kms = 1.0 / ((LIGHT_SPEED_KMS + rv.double())[:, None] * step)
        first = base.clamp(_BEFORE, last) - _BEFORE
        return Shift(first, part.float(), kms.float().expand_as(part))

    def _places(self, moved: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        at = (self._log - moved).contiguous()
        base = torch.searchsorted(self._log, at, right=True) - 1
        below = base.clamp(0, len(self._log) - 2)
        step = self._log[below + 1] - self._log[below]
        return base, ((at - self._log[below]) / step).clamp(0.0, 1.0), step

    def _uniform_places(self, moved: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        step = (self._log[-1] - self._log[0]) / (len(self._log) - 1)
        offset = -moved / step
        whole = offset.floor()
        pixels = torch.arange(len(self._log), device=moved.device)
        return pixels + whole.long(), offset - whole, step.expand_as(moved)

    def readable(self, rv: Tensor, reach: float) -> Tensor:
        """Return which pixels see no gap and no end of the grid: spectra × pixels.

        Parameters
        ----------
        rv
            Radial velocities in km/s.
        reach
            Nor would they at velocities that differ by less than this in km/s.
        """
        first, last = self._ends(rv + reach), self._ends(rv - reach)
        return (first[0] == last[1]) & first[2] & last[2]

    def _ends(self, rv: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        moved = torch.log1p(rv.double() / LIGHT_SPEED_KMS)[:, None]
        base = (self._uniform_places if self._uniform else self._places)(moved)[0]
        last = len(self._log) - 1 - _AFTER
        inside = (base >= _BEFORE) & (base <= last)
        base = base.clamp(_BEFORE, last)
        return self._segment[base - _BEFORE], self._segment[base + _AFTER], inside
