"""Spectra together with their derivatives by the labels, written out or not.

The derivatives of a batch are its largest array by far. A fit asks only what they make of other
spectra, which an emulator whose last layer is linear tells without writing them out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, Self

import torch
from torch import Tensor

BLOCKS = 32
"""Parts of the spectrum within which `Blocks` takes weights to be the same."""
_LOST = 1e-2
"""Part of the squared derivatives that `Blocks` may leave out."""
_AT_ONCE_ON_CPU, _AT_ONCE = 16, 1024
"""Stars whose largest arrays stay in a processor's cache, or are no burden elsewhere."""


class Tangents(Protocol):
    """The spectra of stars, and their derivatives by the labels, J."""

    @property
    def flux(self) -> Tensor:
        """Stars × pixels."""
        raise NotImplementedError

    def gathered(self, values: Tensor) -> Tensor:
        """Return values·J: stars × any × labels for stars × any × pixels."""
        raise NotImplementedError

    def information(self, weights: Tensor) -> Tensor:
        """Return JᵀWJ in double precision: stars × labels × labels for stars × pixels."""
        raise NotImplementedError

    def factors(self) -> Factored | None:
        """Return the derivatives as factors, of an emulator whose last layer is linear."""
        raise NotImplementedError

    def take(self, rows: Tensor) -> Self:
        """Return those of some of the stars."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Written:
    """Derivatives that are written out.

    Parameters
    ----------
    flux
        Stars × pixels.
    gradient
        Stars × pixels × labels.
    """

    flux: Tensor
    gradient: Tensor

    def gathered(self, values: Tensor) -> Tensor:
        """Return values·J."""
        # In this order, products of few rows take half the time.
        return (self.gradient.mT @ values.mT).mT

    def information(self, weights: Tensor) -> Tensor:
        """Return JᵀWJ."""
        n_stars, n_pixels, n_labels = self.gradient.shape
        matrix = weights.new_empty(n_stars, n_labels, n_labels, dtype=torch.float64)
        at_once = _at_once(weights.device)
        room = weights.new_empty(min(at_once, n_stars), n_labels, n_pixels)
        for i in range(0, n_stars, at_once):
            some = self.gradient[i : i + at_once].mT
            rooted = room[: len(some)]
            torch.mul(some, weights[i : i + at_once, None, :].sqrt(), out=rooted)
            matrix[i : i + at_once] = (rooted @ rooted.mT).double()
        return matrix

    def factors(self) -> None:
        """Return None: they have no factors."""

    def take(self, rows: Tensor) -> Self:
        """Return those of some of the stars."""
        return replace(self, flux=self.flux[rows], gradient=self.gradient[rows])


@dataclass(frozen=True, slots=True)
class Factored:
    """Derivatives J = (inner · outer)ᵀ, of which all stars share the outer factor.

    Parameters
    ----------
    flux
        Stars × pixels.
    inner
        Stars × labels × factors.
    outer
        Factors × pixels.

    Examples
    --------
    >>> stars = Factored(torch.ones(1, 3), torch.ones(1, 2, 1), torch.tensor([[1.0, 2.0, 3.0]]))
    >>> stars.gathered(torch.ones(1, 1, 3)).tolist()
    [[[6.0, 6.0]]]
    """

    flux: Tensor
    inner: Tensor
    outer: Tensor

    def gathered(self, values: Tensor) -> Tensor:
        """Return values·J."""
        return (values @ self.outer.mT) @ self.inner.mT

    def information(self, weights: Tensor) -> Tensor:
        """Return JᵀWJ."""
        n_stars, n_labels, _ = self.inner.shape
        matrix = self.inner.new_empty(n_stars, n_labels, n_labels, dtype=torch.float64)
        at_once = _at_once(self.inner.device)
        room = self.flux.new_empty(at_once * n_labels, self.flux.shape[1])
        for i in range(0, n_stars, at_once):
            some = self.inner[i : i + at_once]
            rows = room[: some[..., 0].numel()]
            torch.mm(some.flatten(0, 1), self.outer, out=rows)
            rooted = rows.view(len(some), n_labels, -1)
            rooted.mul_(weights[i : i + at_once, None, :].sqrt())
            matrix[i : i + at_once] = (rooted @ rooted.mT).double()
        return matrix

    def factors(self) -> Self:
        """Return themselves."""
        return self

    def take(self, rows: Tensor) -> Self:
        """Return those of some of the stars."""
        return replace(self, flux=self.flux[rows], inner=self.inner[rows])


@dataclass(frozen=True, slots=True)
class Blocks:
    """The information in factored derivatives for weights that are the same within each block.

    It leads a fit nearly as well as the exact information, and costs a tenth or less.

    Parameters
    ----------
    basis
        The combinations of factors in which derivatives really lie: factors × combinations.
    products
        Sums over each block's pixels of the products of combinations: blocks × combinations².
    width
        Pixels of a block; the last may have fewer.
    """

    basis: Tensor
    products: Tensor
    width: int

    @classmethod
    def of(cls, stars: Factored) -> Self:
        """Return the blocks that suit the derivatives of stars that fill an emulator's range."""
        basis, outer = _basis(stars)
        width = -(-outer.shape[1] // BLOCKS)
        parts = [part @ part.mT for part in torch.split(outer, width, 1)]
        return cls(basis, torch.stack(parts).flatten(1), width)

    def information(self, tangents: Factored, weights: Tensor) -> Tensor:
        """Return about JᵀWJ in double precision: stars × labels × labels."""
        n_blocks, n = len(self.products), self.basis.shape[1]
        room = n_blocks * self.width - weights.shape[1]
        padded = torch.nn.functional.pad(weights, (0, room))
        means = padded.view(-1, n_blocks, self.width).mean(2)
        means[:, -1] *= self.width / (self.width - room)
        at_once = _at_once(weights.device)
        inner = torch.split(tangents.inner @ self.basis, at_once)
        parts = zip(inner, torch.split(means, at_once), strict=True)
        return torch.cat(
            [some @ (mean @ self.products).view(-1, n, n) @ some.mT for some, mean in parts]
        ).double()


def _basis(stars: Factored) -> tuple[Tensor, Tensor]:
    """Return combinations of factors with nearly all of the derivatives, and their spectra."""
    left, sizes, right = torch.linalg.svd(stars.outer.double(), full_matrices=False)
    # In these coordinates, lengths are those of spectra.
    along = stars.inner.double() @ (left * sizes)
    # A label that changes the spectrum little must be led as well as one that changes it much.
    along /= along.square().sum((0, 2), keepdim=True).sqrt().clamp(min=1e-300)
    power, axes = torch.linalg.eigh(along.flatten(0, 1).mT @ along.flatten(0, 1))
    lost = power.clamp(min=0.0).cumsum(0) / power.sum()
    axes = axes[:, int((lost < _LOST).sum()) :]
    outer = axes.mT @ right
    return (left * sizes @ axes).to(stars.outer), outer.to(stars.outer)


def _at_once(device: torch.device) -> int:
    return _AT_ONCE_ON_CPU if device.type == "cpu" else _AT_ONCE
