"""Stencils on a lattice of log10(wavelength), where a velocity shifts all pixels alike."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from starledger.compute.spectra.grid import PixelGrid
from starledger.compute.spectra.stencils import TAPS, TOUCHED, Form, Stencil, interpolating

_ROUNDING = 1e-6
"""Pixels by which wavelengths may be off a lattice."""


@dataclass(frozen=True, slots=True)
class Lattice:
    """Pixels evenly spaced in log10(wavelength/Å), some of which may be left out.

    Parameters
    ----------
    start
        log10(wavelength/Å) of the first pixel.
    step
        Of log10(wavelength/Å).
    places
        Of the pixels on the lattice, from 0.
    """

    start: float
    step: float
    places: NDArray[np.int64]

    @classmethod
    def of(cls, grid: PixelGrid) -> Self | None:
        """Return the lattice that a grid lies on, if it does.

        Examples
        --------
        >>> grid = PixelGrid.explicit(10 ** (4 + 1e-4 * np.array([0, 1, 2, 7, 8])))
        >>> lattice = Lattice.of(grid)
        >>> lattice.places.tolist(), round(lattice.step, 9)
        ([0, 1, 2, 7, 8], 0.0001)
        """
        at = np.log10(grid.wavelength)
        distance = at - at[0]
        places = np.rint(distance / np.diff(at).min())
        step = distance[-1] / places[-1]
        if np.abs(distance / step - places).max() > _ROUNDING:
            return None
        return cls(float(at[0]), float(step), places.astype(np.int64))

    def shares(self, other: Lattice) -> bool:
        """Return whether pixels of two lattices have the same distances."""
        length = max(self.places[-1], other.places[-1])
        return bool(abs(self.step - other.step) * length < _ROUNDING * self.step)


@dataclass(frozen=True, slots=True)
class LatticeReader:
    """Makes the stencils that interpolate pixels of one lattice on another of the same step.

    As all pixels are shifted alike, a spectrum has one set of weights. Make it with `between`.
    """

    form: Form
    dtype: torch.dtype
    step: float
    offset: float
    places: Tensor
    pixel_at: Tensor
    """Number of the old pixel at each place, -1 where there is none."""
    all_at: Tensor
    """Whether all pixels of the stencil are there, whose left middle one is at the place."""

    @classmethod
    def between(
        cls, old: PixelGrid, new: PixelGrid, form: Form, dtype: torch.dtype
    ) -> LatticeReader | None:
        """Return the reader for two grids, if they lie on lattices of one step."""
        had, wanted = Lattice.of(old), Lattice.of(new)
        if had is None or wanted is None or not had.shares(wanted) or form not in TAPS:
            return None
        margin = TAPS[form]
        pixel_at = np.full(had.places[-1] + 1 + 2 * margin, -1)
        pixel_at[had.places + margin] = np.arange(len(old))
        there = pixel_at >= 0
        before = margin // 2 - 1
        all_at = np.all([np.roll(there, before - i) for i in range(margin)], axis=0)
        return cls(
            form=form,
            dtype=dtype,
            step=had.step * math.log(10),
            offset=(wanted.start - had.start) / had.step + margin,
            places=torch.from_numpy(wanted.places),
            pixel_at=torch.from_numpy(pixel_at),
            all_at=torch.from_numpy(all_at),
        )

    def to(self, device: torch.device) -> LatticeReader:
        """Return the same reader on a device."""
        return replace(
            self,
            places=self.places.to(device),
            pixel_at=self.pixel_at.to(device),
            all_at=self.all_at.to(device),
        )

    def at_factors(self, factor: Tensor) -> Stencil:
        """Return the stencil that reads at new wavelengths times a factor, one a spectrum."""
        size = len(self.pixel_at)
        shift = self.offset + torch.log(factor)[:, None] / self.step
        shift = torch.nan_to_num(shift, nan=-math.inf).clamp(-2.0 * size, 2.0 * size)
        nearest = shift.round()
        # On a pixel's centre only that pixel is read, whatever lies beyond.
        alone = (shift - nearest).abs() < TOUCHED
        shift = torch.where(alone, nearest, shift)
        whole = shift.floor()
        weights, slopes = self._weights(shift - whole)
        at = whole.long() + self.places
        on_lattice = (at >= 0) & (at < size)
        at = at.clamp(0, size - 1)
        pixel = self.pixel_at[at]
        sloped = on_lattice & self.all_at[at]
        inside = sloped | (on_lattice & alone & (pixel >= 0))
        first = pixel - (TAPS[self.form] // 2 - 1)
        return Stencil(first, weights.to(self.dtype), slopes.to(self.dtype), inside, sloped)

    def _weights(self, fraction: Tensor) -> tuple[Tensor, Tensor]:
        # Weights depend on ratios of wavelengths alone: those of the left middle pixel serve all.
        taps = TAPS[self.form]
        nodes = [
            torch.full_like(fraction, math.exp(self.step * (i - taps // 2 + 1)))
            for i in range(taps)
        ]
        return interpolating(self.form, torch.exp(self.step * fraction), nodes)
