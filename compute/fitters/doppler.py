"""The Doppler shifts of stars on one wavelength grid.

A velocity v moves what is at λ to λ (1 + v/c).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from starledger.compute.fitters.shifts import EvenShift, Shift, UnevenShift
from starledger.compute.spectra.kernel import AFTER, BEFORE
from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS

_GAP = 2.5
"""Neighbours that are farther apart than so many usual pixels have a gap between them."""
_EVEN, _FEW_GAPS = 1e-4, 4
"""Relative differences of steps, and gaps, that an even grid may have."""
_REACH_KMS, _REACH_PIXELS = 30.0, 3.0


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
        gaps = steps > _GAP * steps.median()
        self._segment = torch.nn.functional.pad(gaps.cumsum(0), (1, 0))
        self._pixels = torch.arange(len(self._log), device=self._log.device)
        usual = steps[~gaps]
        self._step = usual.mean()
        # On such a grid a velocity moves all pixels by the same number of them, and what it moves
        # across one of the few gaps is not readable anyway.
        even = bool((usual / self._step - 1.0).abs().max() < _EVEN)
        self._even = even and int(gaps.sum()) <= _FEW_GAPS
        edges = [0, *(gaps.nonzero()[:, 0] + 1).tolist(), len(self._log)]
        self._pieces = [*pairwise(edges)]

    @property
    def spacing_kms(self) -> Tensor:
        """Velocity between the neighbours of each pixel, halved; NaN at gaps and ends: pixels."""
        apart = torch.full_like(self._log, torch.nan)
        apart[1:-1] = (self._log[2:] - self._log[:-2]) * (0.5 * LIGHT_SPEED_KMS)
        same = self._segment[2:] == self._segment[:-2]
        apart[1:-1] = torch.where(same, apart[1:-1], torch.nan)
        return apart

    @property
    def reach_kms(self) -> float:
        """How far a fitted velocity may go before the pixels that count are chosen anew."""
        return max(_REACH_KMS, _REACH_PIXELS * self.pixel_kms)

    def shift(self, rv: Tensor) -> Shift:
        """Return the shifts for radial velocities in km/s."""
        moved = torch.log1p(rv.double() / LIGHT_SPEED_KMS)[:, None]
        kms = 1.0 / (LIGHT_SPEED_KMS + rv.double())[:, None]
        if self._even:
            whole, part = self._whole_and_part(moved)
            return EvenShift(whole, part.float(), (kms / self._step).float())
        base, part, step = self._places(moved)
        last = len(self._log) - 1 - AFTER
        first = base.clamp(BEFORE, last) - BEFORE
        return UnevenShift(first, part.float(), (kms / step).float())

    def _places(self, moved: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        at = (self._log - moved).contiguous()
        base = torch.searchsorted(self._log, at, right=True) - 1
        below = base.clamp(0, len(self._log) - 2)
        step = self._log[below + 1] - self._log[below]
        return base, ((at - self._log[below]) / step).clamp(0.0, 1.0), step

    def _whole_and_part(self, moved: Tensor) -> tuple[Tensor, Tensor]:
        offset = -moved / self._step
        whole = offset.floor()
        return whole.long(), offset - whole

    def readable(self, rv: Tensor, reach: float) -> Tensor:
        """Return which pixels see no gap and no end of the grid: spectra × pixels.

        Parameters
        ----------
        rv
            Radial velocities in km/s.
        reach
            Nor would they at velocities that differ by less than this in km/s.
        """
        if self._even:
            return self._even_readable(rv, reach)
        first, last = self._ends(rv + reach), self._ends(rv - reach)
        return (first[0] == last[1]) & first[2] & last[2]

    def _even_readable(self, rv: Tensor, reach: float) -> Tensor:
        first, last = (
            self._whole_and_part(torch.log1p(v.double() / LIGHT_SPEED_KMS)[:, None])[0]
            for v in (rv + reach, rv - reach)
        )
        fine = torch.zeros(len(rv), len(self._pixels), dtype=torch.bool, device=rv.device)
        for start, end in self._pieces:
            pixels = self._pixels[start:end]
            fine[:, start:end] = pixels >= start + BEFORE - first
            fine[:, start:end] &= pixels < end - AFTER - last
        return fine

    def _ends(self, rv: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        moved = torch.log1p(rv.double() / LIGHT_SPEED_KMS)[:, None]
        base = self._places(moved)[0]
        last = len(self._log) - 1 - AFTER
        inside = (base >= BEFORE) & (base <= last)
        base = base.clamp(BEFORE, last)
        return self._segment[base - BEFORE], self._segment[base + AFTER], inside
