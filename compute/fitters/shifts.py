"""Interpolating spectra at moved wavelengths, and the transpose of that, for a batch at once.

See `kernel` for how pixels are read between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self

import torch
from torch import Tensor

from starledger.compute.spectra.kernel import AFTER, BEFORE, TAPS, kernel, kernel_slope


class Shift(Protocol):
    """How each spectrum of a batch is interpolated: a sparse matrix S for each."""

    def apply(self, rest: Tensor) -> Tensor:
        """Return S·rest, the spectra as observed."""
        raise NotImplementedError

    def apply_with_slope(self, rest: Tensor) -> tuple[Tensor, Tensor]:
        """Return the spectra as observed, and their derivatives by the velocity, by km/s."""
        raise NotImplementedError

    def transposed(self, observed: Tensor) -> Tensor:
        """Return Sᵀ·observed."""
        raise NotImplementedError

    def spread(self, weights: Tensor) -> Tensor:
        """Return weights on the grid at rest, none negative, of the same sum."""
        raise NotImplementedError

    def take(self, rows: Tensor) -> Self:
        """Return the shifts of some of the spectra."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class EvenShift:
    """A shift on an even grid: all pixels of a spectrum move alike.

    What is read beyond an end repeats the last pixel; such pixels are not readable.

    Parameters
    ----------
    whole
        By how many whole pixels: spectra × 1.
    part
        And by which part of one more, 0–1: spectra × 1.
    kms
        Pixels for one km/s: spectra × 1.
    """

    whole: Tensor
    part: Tensor
    kms: Tensor

    def apply(self, rest: Tensor) -> Tensor:
        """Return S·rest, the spectra as observed."""
        return _slid(self._aligned(rest), kernel(self.part))

    def apply_with_slope(self, rest: Tensor) -> tuple[Tensor, Tensor]:
        """Return the spectra as observed, and their derivatives by the velocity, by km/s."""
        aligned = self._aligned(rest)
        tilts = [self.kms * tilt for tilt in kernel_slope(self.part)]
        return _slid(aligned, kernel(self.part)), _slid(aligned, tilts)

    def transposed(self, observed: Tensor) -> Tensor:
        """Return Sᵀ·observed."""
        return _slid(self._realigned(observed, BEFORE, AFTER), kernel(self.part)[::-1])

    def spread(self, weights: Tensor) -> Tensor:
        """Return weights on the grid at rest, none negative, of the same sum but at the ends."""
        return _slid(self._realigned(weights, 0, 1), (self.part, 1.0 - self.part))

    def take(self, rows: Tensor) -> Self:
        """Return the shifts of some of the spectra."""
        return replace(self, whole=self.whole[rows], part=self.part[rows], kms=self.kms[rows])

    def _aligned(self, rest: Tensor) -> Tensor:
        """Return what lies around each observed pixel, `BEFORE` and `AFTER` beyond the ends."""
        last = rest.shape[1] - 1
        pixels = torch.arange(-BEFORE, last + 1 + AFTER, device=rest.device)
        return rest.gather(1, (pixels + self.whole).clamp_(0, last))

    def _realigned(self, observed: Tensor, before: int, after: int) -> Tensor:
        """Return what each pixel at rest was read for; nothing is, beyond the ends."""
        end = observed.shape[1]
        pixels = torch.arange(1 - after, end + 1 + before, device=observed.device)
        at = (pixels - self.whole).clamp_(0, end + 1)
        return torch.nn.functional.pad(observed, (1, 1)).gather(1, at)


def _slid(aligned: Tensor, factors: Sequence[Tensor]) -> Tensor:
    """Sum neighbours with factors that are the same for all pixels of a spectrum."""
    n_pixels = aligned.shape[1] - len(factors) + 1
    out = aligned[:, :n_pixels] * factors[0]
    for place, factor in enumerate(factors[1:], start=1):
        out.addcmul_(factor.expand_as(out), aligned[:, place : place + n_pixels])
    return out


@dataclass(frozen=True, slots=True)
class UnevenShift:
    """A shift on a grid whose steps differ: every pixel has neighbours of its own.

    Parameters
    ----------
    first
        The first of the pixels at rest that make each observed pixel: spectra × pixels.
    part
        Where between the two in the middle of them the observed pixel lies, 0–1: spectra ×
        pixels.
    kms
        Pixels of that for one km/s: spectra × pixels.
    """

    first: Tensor
    part: Tensor
    kms: Tensor

    def apply(self, rest: Tensor) -> Tensor:
        """Return S·rest, the spectra as observed."""
        out = torch.zeros_like(rest)
        for factor, there in zip(kernel(self.part), self._neighbours(rest), strict=True):
            out.addcmul_(factor.expand_as(out), there)
        return out

    def apply_with_slope(self, rest: Tensor) -> tuple[Tensor, Tensor]:
        """Return the spectra as observed, and their derivatives by the velocity."""
        flux, slope = torch.zeros_like(rest), torch.zeros_like(rest)
        kernels = kernel(self.part), kernel_slope(self.part), self._neighbours(rest)
        for factor, tilt, there in zip(*kernels, strict=True):
            flux.addcmul_(factor.expand_as(flux), there)
            slope.addcmul_(tilt.expand_as(slope), there)
        return flux, slope.mul_(self.kms)

    def transposed(self, observed: Tensor) -> Tensor:
        """Return Sᵀ·observed."""
        out, share = torch.zeros_like(observed), torch.empty_like(observed)
        for place, factor in enumerate(kernel(self.part)):
            torch.mul(observed, factor, out=share)
            self._at(out, place).scatter_add_(1, self.first, share)
        return out

    def spread(self, weights: Tensor) -> Tensor:
        """Return weights on the grid at rest, none negative, of the same sum."""
        out = torch.zeros_like(weights)
        after = self.part * weights
        self._at(out, BEFORE).scatter_add_(1, self.first, weights - after)
        self._at(out, BEFORE + 1).scatter_add_(1, self.first, after)
        return out

    def take(self, rows: Tensor) -> Self:
        """Return the shifts of some of the spectra."""
        return replace(self, first=self.first[rows], part=self.part[rows], kms=self.kms[rows])

    def _neighbours(self, rest: Tensor) -> Iterator[Tensor]:
        room = torch.empty_like(rest)
        for place in range(TAPS):
            yield torch.gather(self._at(rest, place), 1, self.first, out=room)

    def _at(self, rest: Tensor, place: int) -> Tensor:
        """Return the view in which `first` points to that one of them."""
        return rest.narrow(1, place, rest.shape[1] - TAPS + 1)
