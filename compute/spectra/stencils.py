"""The weights by which pixels of one grid become those of another."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Self

import numpy as np
import torch
from torch import Tensor

from starledger.compute.spectra import kernel
from starledger.compute.spectra.grid import PixelGrid

TOUCHED = 1e-6
"""Smaller weights, and smaller lacking parts of a pixel, stem from rounding."""


class Form(Enum):
    """How a spectrum is read between its pixels; the value is a sentence about it."""

    LINEAR = "A straight line through two pixels."
    CUBIC = "The cubic through four pixels."
    KRIGED = "The best prediction of narrow lines from ten pixels."
    CONSERVING = "The mean over the new pixel, which conserves the flux."


TAPS = {Form.LINEAR: 2, Form.CUBIC: 4, Form.KRIGED: kernel.TAPS}
"""Pixels that the interpolating forms read."""
_BEYOND = max(TAPS.values()) // 2


@dataclass(frozen=True, slots=True)
class Stencil:
    """For each new pixel some successive old ones, their weights and how those change.

    Parameters
    ----------
    first
        The first old pixel: spectra × new pixels. It may lie before or too near the end of the
        spectrum, where the pixels that are missing have no weight.
    weights
        Of the old pixels from the first on: taps × spectra × new pixels, or × 1 where all pixels
        have the same. Meaningless outside.
    slopes
        Derivatives of the weights by the logarithm of the wavelength that is read.
    inside
        Whether the new pixel lies where there are old ones, off their ends and gaps.
    sloped
        Whether a little further on it still does, so that there is a slope.
    """

    first: Tensor
    weights: Tensor
    slopes: Tensor
    inside: Tensor
    sloped: Tensor

    def read(self, values: Tensor) -> Tensor:
        """Return new pixels of old ones (spectra × old pixels); 0 outside."""
        return self._sums(values, self.weights)[0]

    def read_with_slopes(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Return new pixels, and their derivatives by the logarithm of the wavelength.

        The derivative is 0 where there is none: on the centre of a pixel at an end or a gap.
        """
        value, slope = self._sums(values, self.weights, self.slopes)
        return value, torch.where(self.sloped, slope, 0.0)

    def read_variance(self, variance: Tensor) -> Tensor:
        """Return the variance of new pixels, when the errors of old ones are independent."""
        return self._sums(variance, self.weights**2)[0]

    def touches(self, marked: Tensor) -> Tensor:
        """Return which new pixels touch marked old ones (spectra × old pixels)."""
        touched = self.weights.abs() > TOUCHED
        return self._sums(marked.to(self.weights.dtype), touched.to(self.weights.dtype))[0] > 0

    def read_covariance(self, variance: Tensor, lag: int = 1) -> Tensor:
        """Return the covariance of each new pixel with a later one.

        Parameters
        ----------
        variance
            Of the old pixels, whose errors are independent: spectra × old pixels.
        lag
            How much later, in new pixels.

        Returns
        -------
        Tensor
            Spectra × (new pixels − lag).
        """
        n = variance.shape[1]
        weights = self.weights.expand(-1, *self.first.shape)
        here, later = self.first[:, :-lag], self.first[:, lag:]
        out = torch.zeros_like(weights[0, :, lag:])
        for i, weight in enumerate(weights[:, :, :-lag]):
            at = here + i
            value = weight * torch.take_along_dim(variance, at.clamp(0, n - 1), dim=1)
            for j, other in enumerate(weights[:, :, lag:]):
                out += torch.where(at == later + j, value * other, 0.0)
        return torch.where(self.inside[:, :-lag] & self.inside[:, lag:], out, 0.0)

    def _sums(self, values: Tensor, *weights: Tensor) -> list[Tensor]:
        n = values.shape[1]
        out = [torch.zeros_like(self.first, dtype=w.dtype) for w in weights]
        for i in range(len(self.weights)):
            at = torch.take_along_dim(values, (self.first + i).clamp(0, n - 1), dim=1)
            for total, weight in zip(out, weights, strict=True):
                total += weight[i] * at
        return [torch.where(self.inside, total, 0.0) for total in out]


class Reader:
    """Makes stencils for the pixels of one grid.

    Parameters
    ----------
    grid
        Of the old pixels.
    form
        How they are read.
    dtype
        That of weights; wavelengths are float64 whatever it is.

    Examples
    --------
    >>> reader = Reader(PixelGrid.linear(5000.0, 1.0, 5), Form.LINEAR)
    >>> stencil = reader.at_points(torch.tensor([[5001.25]], dtype=torch.float64))
    >>> stencil.weights.flatten().tolist()
    [0.75, 0.25]
    """

    def __init__(self, grid: PixelGrid, form: Form, dtype: torch.dtype = torch.float32) -> None:
        self.form = form
        self.dtype = dtype
        # Beyond its ends the grid goes on, behind gaps, so that stencils need no other rule there.
        step = np.diff(grid.wavelength)[[0, -1]]
        beyond = np.arange(_BEYOND) + 1
        before = grid.wavelength[0] - step[0] * beyond[::-1]
        after = grid.wavelength[-1] + step[1] * beyond
        self._centre = torch.from_numpy(np.concatenate([before, grid.wavelength, after]))
        self._gap = torch.from_numpy(np.pad(grid.gaps(), _BEYOND, constant_values=True))
        self._lower, self._upper = (torch.from_numpy(edge) for edge in grid.edges())

    def to(self, device: torch.device) -> Self:
        """Return the same reader on a device."""
        moved = object.__new__(type(self))
        moved.form, moved.dtype = self.form, self.dtype
        for name in ("_centre", "_gap", "_lower", "_upper"):
            setattr(moved, name, getattr(self, name).to(device))
        return moved

    def at_points(self, at: Tensor) -> Stencil:
        """Return the stencil that interpolates.

        Parameters
        ----------
        at
            Wavelengths in Å to read at, float64: spectra × new pixels.
        """
        taps = TAPS[self.form]
        n = len(self._centre)
        left = torch.searchsorted(self._centre, at, right=True) - 1
        first = (left - (taps // 2 - 1)).clamp(0, n - taps)
        nodes = [self._centre[first + i] for i in range(taps)]
        weights, slopes = interpolating(self.form, at, nodes)
        gap = torch.stack([self._gap[first + i] for i in range(taps - 1)]).any(0)
        # On a pixel's centre only that pixel is read, whatever lies beyond.
        alone = (weights.abs() > TOUCHED).sum(0) == 1
        within = (at >= self._lower[0]) & (at <= self._upper[-1])
        return Stencil(
            first - _BEYOND,
            weights.to(self.dtype),
            slopes.to(self.dtype),
            within & (alone | ~gap),
            within & ~gap,
        )

    def over_pixels(self, low: Tensor, high: Tensor) -> Stencil:
        """Return the stencil that takes means.

        Parameters
        ----------
        low, high
            Edges in Å of what the means are taken over, float64: spectra × new pixels.
        """
        n = len(self._lower)
        first = torch.searchsorted(self._upper, low, right=True)
        last = torch.searchsorted(self._lower, high) - 1
        taps = int((last - first).max().clamp(0, n - 1)) + 1
        first = first.clamp(0, n - taps)
        width = high - low
        weights, slopes = [], []
        for i in range(taps):
            lower, upper = self._lower[first + i], self._upper[first + i]
            overlap = torch.minimum(upper, high) - torch.maximum(lower, low)
            moves = torch.where(high < upper, high, 0.0) - torch.where(low > lower, low, 0.0)
            share = overlap.clamp(min=0) / width
            weights.append(share)
            slopes.append(torch.where(overlap > 0, moves / width - share, 0.0))
        weight, slope = torch.stack(weights), torch.stack(slopes)
        inside = weight.sum(0) > 1 - TOUCHED
        return Stencil(first, weight.to(self.dtype), slope.to(self.dtype), inside, inside)


def interpolating(form: Form, at: Tensor, nodes: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Return the weights of nodes, and their derivatives by the logarithm of the wavelength."""
    return (kriged if form is Form.KRIGED else lagrange)(at, nodes)


def kriged(at: Tensor, nodes: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Return the weights of `kernel` and their derivatives by the logarithm of the wavelength.

    Examples
    --------
    >>> nodes = [torch.tensor([2.0**i], dtype=torch.float64) for i in range(kernel.TAPS)]
    >>> weights, _ = kriged(nodes[4], nodes)
    >>> weights.flatten().abs().round(decimals=6).tolist()
    [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    left, right = nodes[kernel.BEFORE], nodes[kernel.BEFORE + 1]
    step = (right / left).log()
    part = (at / left).log() / step
    slopes = torch.stack(kernel.kernel_slope(part))
    return torch.stack(kernel.kernel(part)), -slopes / step


def lagrange(at: Tensor, nodes: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Return Lagrange's weights and their derivatives by the logarithm of the wavelength.

    Examples
    --------
    >>> one, two, middle = (torch.tensor([x], dtype=torch.float64) for x in (1.0, 2.0, 1.5))
    >>> [x.flatten().tolist() for x in lagrange(middle, [one, two])]
    [[0.5, 0.5], [-1.5, 1.5]]
    """
    weights, slopes = [], []
    for i, own in enumerate(nodes):
        weight = torch.ones_like(at)
        slope = torch.zeros_like(at)
        for j, other in enumerate(nodes):
            if j != i:
                step = own - other
                slope = (slope * (at - other) + weight) / step
                weight = weight * (at - other) / step
        weights.append(weight)
        slopes.append(slope * at)
    return torch.stack(weights), torch.stack(slopes)
