"""The weights by which pixels of one grid become those of another."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Self

import torch
from torch import Tensor

from starledger.compute.spectra.grid import PixelGrid

TOUCHED = 1e-6
"""Smaller weights, and smaller lacking parts of a pixel, stem from rounding."""


class Form(Enum):
    """How a spectrum is read between its pixels; the value is a sentence about it."""

    LINEAR = "A straight line through two pixels."
    CUBIC = "The cubic through four pixels."
    CONSERVING = "The mean over the new pixel, which conserves the flux."


@dataclass(frozen=True, slots=True)
class Stencil:
    """For each new pixel some successive old ones, their weights and how those change.

    Parameters
    ----------
    first
        The first old pixel: spectra × new pixels.
    weights
        Of the old pixels from the first on: taps × spectra × new pixels.
    slopes
        Derivatives of the weights by the logarithm of the wavelength that is read.
    inside
        Whether the new pixel lies where there are old ones, off their ends and gaps.
    """

    first: Tensor
    weights: Tensor
    slopes: Tensor
    inside: Tensor

    def read(self, values: Tensor) -> Tensor:
        """Return new pixels of old ones (spectra × old pixels)."""
        return self._sum(self.weights, values)

    def read_slopes(self, values: Tensor) -> Tensor:
        """Return the derivatives of new pixels by the logarithm of the wavelength."""
        return self._sum(self.slopes, values)

    def read_variance(self, variance: Tensor) -> Tensor:
        """Return the variance of new pixels, when the errors of old ones are independent."""
        return self._sum(self.weights**2, variance)

    def touches(self, marked: Tensor) -> Tensor:
        """Return which new pixels touch marked old ones (spectra × old pixels)."""
        touched = self.weights.abs() > TOUCHED
        return self._sum(touched.to(self.weights.dtype), marked.to(self.weights.dtype)) > 0

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
        here, later = self.first[:, :-lag], self.first[:, lag:]
        out = torch.zeros_like(self.weights[0, :, lag:])
        for i, weight in enumerate(self.weights[:, :, :-lag]):
            at = here + i
            value = weight * torch.take_along_dim(variance, at, dim=1)
            for j, other in enumerate(self.weights[:, :, lag:]):
                out += torch.where(at == later + j, value * other, 0.0)
        return out

    def _sum(self, weights: Tensor, values: Tensor) -> Tensor:
        out = torch.zeros_like(weights[0])
        for i, weight in enumerate(weights):
            out += weight * torch.take_along_dim(values, self.first + i, dim=1)
        return out


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
        self._centre = torch.from_numpy(grid.wavelength)
        self._gap = torch.from_numpy(grid.gaps())
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
        taps = 2 if self.form is Form.LINEAR else 4
        n = len(self._centre)
        left = torch.searchsorted(self._centre, at, right=True) - 1
        first = (left - (taps // 2 - 1)).clamp(0, n - taps)
        weights, slopes = _lagrange(at, [self._centre[first + i] for i in range(taps)])
        inside = (at >= self._centre[0]) & (at <= self._centre[-1])
        gap = torch.stack([self._gap[first + i] for i in range(taps - 1)])
        inside &= ~self._reaches_over(gap, weights)
        keep = inside[None]
        return Stencil(
            first,
            torch.where(keep, weights, 0.0).to(self.dtype),
            torch.where(keep, slopes, 0.0).to(self.dtype),
            inside,
        )

    @staticmethod
    def _reaches_over(gap: Tensor, weights: Tensor) -> Tensor:
        # On a pixel's centre only that pixel is read, whatever lies beyond.
        alone = (weights.abs() > TOUCHED).sum(0) == 1
        return gap.any(0) & ~alone

    def over_pixels(self, low: Tensor, high: Tensor) -> Stencil:
        """Return the stencil that takes means.

        Parameters
        ----------
        low, high
            Edges in Å of what the means are taken over, float64: spectra × new pixels.
        """
        n = len(self._centre)
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
        return Stencil(first, weight.to(self.dtype), slope.to(self.dtype), inside)


def _lagrange(at: Tensor, nodes: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Return Lagrange's weights and their derivatives by the logarithm of the wavelength."""
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
