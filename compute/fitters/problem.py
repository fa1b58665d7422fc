"""The sum that a fit makes small, and its normal equations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from starledger.compute.fitters.doppler import Doppler
from starledger.compute.fitters.losses import Loss, Squares
from starledger.compute.fitters.shifts import Shift
from starledger.compute.models.base import Emulator
from starledger.compute.models.tangents import Blocks, Tangents


@dataclass(frozen=True, slots=True)
class Point:
    """What a batch's sum is like at some labels, in double precision.

    Parameters
    ----------
    cost
        The sum that is made small.
    matrix
        JᵀWJ, or about it: spectra × quantities × quantities.
    right
        JᵀW(flux − model), always exact: spectra × quantities.
    """

    cost: Tensor
    matrix: Tensor
    right: Tensor

    def take(self, rows: Tensor) -> Point:
        """Return the point of some of the spectra."""
        return Point(self.cost[rows], self.matrix[rows], self.right[rows])


@dataclass(frozen=True, slots=True)
class Wanted:
    """How good a matrix each spectrum needs.

    Parameters
    ----------
    kept
        Which spectra keep the one that they have: it was taken so near that it hardly changed.
    exact
        Which of the others need the exact one.
    matrix
        Those that they have: spectra × quantities × quantities.
    """

    kept: Tensor
    exact: Tensor
    matrix: Tensor

    def made(self, rough: Callable[[Tensor], Tensor], exact: Callable[[Tensor], Tensor]) -> Tensor:
        """Return the matrices, made by two functions of rows."""
        matrix = self.matrix.clone()
        for which, of in ((~self.exact, rough), (self.exact, exact)):
            rows = (which & ~self.kept).nonzero()[:, 0]
            if len(rows):
                matrix[rows] = of(rows)
        return matrix


@dataclass(frozen=True, slots=True)
class Problem:
    """A batch of spectra that wait for their labels.

    The quantities that are fitted are the labels in their units and, with a `doppler`, the radial
    velocity in km/s: spectra × quantities, in double precision.

    Parameters
    ----------
    emulator
        Gives the model.
    doppler
        Moves it; None where the spectra are at rest.
    loss
        The cost of a deviating pixel.
    flux, ivar
        Spectra × pixels; what does not count has 0 in both.
    blocks
        For an emulator with factored derivatives: give the matrix among labels about, and fast.
        Without, it is exact.
    """

    emulator: Emulator
    doppler: Doppler | None
    loss: Loss
    flux: Tensor
    ivar: Tensor
    blocks: Blocks | None = None

    def take(self, rows: Tensor) -> Problem:
        """Return the problem of some of the spectra."""
        return replace(self, flux=self.flux[rows], ivar=self.ivar[rows])

    def photons(self, ivar: Tensor) -> Problem:
        """Return the problem with squares as its loss and the variance of photons alone."""
        return replace(self, loss=Squares(), ivar=ivar)

    def cost(self, x: Tensor) -> Tensor:
        """Return the sum that is made small."""
        rest = self.emulator.flux(self._labels(x))
        model = rest if self.doppler is None else self.doppler.shift(x[:, -1]).apply(rest)
        squares = (self.flux - model).square_().mul_(self.ivar)
        return self.loss.cost(squares).sum(1, dtype=torch.float64)

    def at(self, x: Tensor, wanted: Wanted | None = None) -> Point:
        """Return what the sum is like at labels and velocities.

        Parameters
        ----------
        x
            Spectra × quantities.
        wanted
            How good a matrix each needs; without, all are about.
        """
        here = self._linear(x)
        return Point(
            here.cost,
            here.matrix(self.blocks) if wanted is None else wanted.made(here.about, here.exact),
            here.right(),
        )

    def information(self, x: Tensor) -> Tensor:
        """Return the exact matrix at labels and velocities."""
        return self._linear(x).matrix(None)

    def _linear(self, x: Tensor) -> Linear:
        tangents = self.emulator.tangents(self._labels(x))
        if self.doppler is None:
            model, shift, slope = tangents.flux, None, None
        else:
            shift = self.doppler.shift(x[:, -1])
            model, slope = shift.apply_with_slope(tangents.flux)
        cost, weighed, weight = self._weighed(model)
        return Linear(tangents, cost, weighed, weight, self.blocks, shift, slope)

    def _labels(self, x: Tensor) -> Tensor:
        labels = x if self.doppler is None else x[:, :-1]
        return labels.to(self.flux.dtype)

    def _weighed(self, model: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the cost, the weighed residuals and the weights."""
        residual = self.flux - model
        weighed = residual * self.ivar
        squares = weighed * residual
        cost = self.loss.cost(squares).sum(1, dtype=torch.float64)
        if isinstance(self.loss, Squares):
            return cost, weighed, self.ivar
        factor = self.loss.weight(squares)
        return cost, weighed * factor, self.ivar * factor


@dataclass(frozen=True, slots=True)
class Linear:
    """The spectra as they are for small changes of all quantities.

    The gradients stay at rest, and what multiplies them is moved there. This is exact on the right
    side, which says where a fit ends, and costs one spectrum instead of one per label; in the
    matrix among the labels, it spreads the weights to their nearest two pixels.

    Parameters
    ----------
    tangents
        Of the emulator.
    cost, weighed, weight
        The sum, the weighed residuals and the weights: spectra, and spectra × pixels.
    blocks
        See `Problem`.
    shift, slope
        Of moving stars, and the derivative of their spectra by the velocity: spectra × pixels.
    """

    tangents: Tangents
    cost: Tensor
    weighed: Tensor
    weight: Tensor
    blocks: Blocks | None
    shift: Shift | None
    slope: Tensor | None

    def right(self) -> Tensor:
        """Return JᵀW(flux − model)."""
        labels = self._gathered(self.weighed)
        if self.slope is None:
            return labels
        last = (self.weighed * self.slope).sum(1, dtype=torch.float64)
        return torch.cat([labels, last[:, None]], 1)

    def about(self, rows: Tensor) -> Tensor:
        """Return about JᵀWJ of some of the spectra."""
        return self.take(rows).matrix(self.blocks)

    def exact(self, rows: Tensor) -> Tensor:
        """Return JᵀWJ of some of the spectra."""
        return self.take(rows).matrix(None)

    def matrix(self, blocks: Blocks | None) -> Tensor:
        """Return JᵀWJ, with blocks only about."""
        weight = self.weight if self.shift is None else self.shift.spread(self.weight)
        factors = None if blocks is None else self.tangents.factors()
        if blocks is None or factors is None:
            labels = self.tangents.information(weight)
        else:
            labels = blocks.information(factors, weight)
        if self.slope is None:
            return labels
        tilted, n = self.weight * self.slope, labels.shape[1]
        matrix = labels.new_empty(len(labels), n + 1, n + 1)
        matrix[:, :n, :n] = labels
        matrix[:, :n, n] = matrix[:, n, :n] = self._gathered(tilted)
        matrix[:, n, n] = (tilted * self.slope).sum(1, dtype=torch.float64)
        return matrix

    def take(self, rows: Tensor) -> Linear:
        """Return some of the spectra."""
        if len(rows) == len(self.cost):
            return self
        return replace(
            self,
            tangents=self.tangents.take(rows),
            cost=self.cost[rows],
            weighed=self.weighed[rows],
            weight=self.weight[rows],
            shift=None if self.shift is None else self.shift.take(rows),
            slope=None if self.slope is None else self.slope[rows],
        )

    def _gathered(self, values: Tensor) -> Tensor:
        at_rest = values if self.shift is None else self.shift.transposed(values)
        return self.tangents.gathered(at_rest[:, None])[:, 0].double()
