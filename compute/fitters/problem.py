"""The sum that a fit makes small, and its normal equations."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from starledger.compute.fitters.doppler import Doppler
from starledger.compute.fitters.losses import Loss, Squares
from starledger.compute.fitters.shifts import Shift
from starledger.compute.models.base import Emulator
from starledger.compute.models.tangents import Blocks, Factored, Tangents


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
class Known:
    """Matrices of some of the spectra, at labels so near that they would hardly change.

    Parameters
    ----------
    rows
        Which spectra, true or false.
    matrix
        Spectra × quantities × quantities; what it holds of other spectra does not matter.
    """

    rows: Tensor
    matrix: Tensor


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

    def exact(self) -> Problem:
        """Return the same problem with the exact matrix."""
        return replace(self, blocks=None)

    def photons(self, ivar: Tensor) -> Problem:
        """Return the problem with squares as its loss and the variance of photons alone."""
        return replace(self, loss=Squares(), ivar=ivar)

    def cost(self, x: Tensor) -> Tensor:
        """Return the sum that is made small."""
        rest = self.emulator.flux(self._labels(x))
        model = rest if self.doppler is None else self.doppler.shift(x[:, -1]).apply(rest)
        squares = (self.flux - model).square_().mul_(self.ivar)
        return self.loss.cost(squares).sum(1, dtype=torch.float64)

    def at(self, x: Tensor, known: Known | None = None) -> Point:
        """Return what the sum is like at labels and velocities.

        Parameters
        ----------
        x
            Spectra × quantities.
        known
            Matrices among labels that need not be computed again.
        """
        tangents = self.emulator.tangents(self._labels(x))
        if self.doppler is None:
            return self._at_rest(tangents, known)
        return self._moving(tangents, self.doppler.shift(x[:, -1]), known)

    def _at_rest(self, tangents: Tangents, known: Known | None) -> Point:
        cost, weighed, weight = self._weighed(tangents.flux)
        right = tangents.gathered(weighed[:, None, :])[:, 0].double()
        return Point(cost, self._information(tangents, weight, known), right)

    def _moving(self, tangents: Tangents, shift: Shift, known: Known | None) -> Point:
        # The gradients stay at rest, and what multiplies them is moved there. This is exact on the
        # right side, which says where a fit ends, and costs two spectra instead of one per label;
        # in the matrix among the labels, it spreads the weights to their nearest two pixels.
        model, slope = shift.apply_with_slope(tangents.flux)
        cost, weighed, weight = self._weighed(model)
        tilted = weight * slope
        moved = torch.stack([shift.transposed(weighed), shift.transposed(tilted)], 1)
        right, mixed = tangents.gathered(moved).double().unbind(1)
        n = right.shape[1]
        matrix = torch.empty(len(model), n + 1, n + 1, dtype=torch.float64, device=model.device)
        matrix[:, :n, :n] = self._information(tangents, shift.spread(weight), known)
        matrix[:, :n, n] = matrix[:, n, :n] = mixed
        matrix[:, n, n] = (tilted * slope).sum(1, dtype=torch.float64)
        last = (weighed * slope).sum(1, dtype=torch.float64)
        return Point(cost, matrix, torch.cat([right, last[:, None]], 1))

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

    def _information(self, tangents: Tangents, weight: Tensor, known: Known | None) -> Tensor:
        if known is None:
            return self._all_information(tangents, weight)
        n = known.matrix.shape[1] - (self.doppler is not None)
        matrix = known.matrix[:, :n, :n].clone()
        rows = (~known.rows).nonzero()[:, 0]
        if len(rows):
            matrix[rows] = self._all_information(tangents.take(rows), weight[rows])
        return matrix

    def _all_information(self, tangents: Tangents, weight: Tensor) -> Tensor:
        if self.blocks is not None and isinstance(tangents, Factored):
            return self.blocks.information(tangents, weight)
        return tangents.information(weight)
