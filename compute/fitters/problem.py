"""The sum that a fit makes small, and its normal equations."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from starledger.compute.fitters.doppler import Doppler, Shift
from starledger.compute.fitters.losses import Loss, Squares
from starledger.compute.models.base import Emulator


@dataclass(frozen=True, slots=True)
class NormalEquations:
    """JᵀWJ and JᵀW(flux − model) of a batch in double precision.

    Parameters
    ----------
    matrix
        Spectra × quantities × quantities.
    right
        Spectra × quantities.
    """

    matrix: Tensor
    right: Tensor


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
    """

    emulator: Emulator
    doppler: Doppler | None
    loss: Loss
    flux: Tensor
    ivar: Tensor

    def take(self, rows: Tensor) -> Problem:
        """Return the problem of some of the spectra."""
        return replace(self, flux=self.flux[rows], ivar=self.ivar[rows])

    def model(self, x: Tensor) -> Tensor:
        """Return the spectra of such stars: spectra × pixels."""
        rest = self.emulator.flux(self._labels(x))
        return rest if self.doppler is None else self.doppler.shift(x[:, -1]).apply(rest)

    def cost(self, x: Tensor) -> Tensor:
        """Return the sum that is made small."""
        return self.loss.cost(self._squares(x)).sum(1, dtype=torch.float64)

    def chi2(self, x: Tensor) -> Tensor:
        """Return the sum of squares, whatever the loss."""
        return self._squares(x).sum(1, dtype=torch.float64)

    def normal_equations(self, x: Tensor) -> NormalEquations:
        """Return the normal equations where the stars are such."""
        rest, gradient = self.emulator.flux_and_gradient(self._labels(x))
        if self.doppler is None:
            return self._at_rest(rest, gradient)
        return self._moving(rest, gradient, self.doppler.shift(x[:, -1]))

    def photons(self) -> Problem:
        """Return the same problem with squares as its loss."""
        return replace(self, loss=Squares())

    def _at_rest(self, rest: Tensor, gradient: Tensor) -> NormalEquations:
        residual, weight = self._weighed(rest)
        right = (weight * residual)[:, None, :] @ gradient
        return NormalEquations(_information(gradient, weight), right[:, 0].double())

    def _moving(self, rest: Tensor, gradient: Tensor, shift: Shift) -> NormalEquations:
        # The gradients stay at rest, and what multiplies them is moved there. This is exact on the
        # right side, which says where a fit ends, and costs two spectra instead of one per label;
        # in the matrix among the labels, it spreads the weights to their nearest two pixels.
        residual, weight = self._weighed(shift.apply(rest))
        slope = shift.slope(rest)
        moved = [shift.transposed(weight * residual), shift.transposed(weight * slope)]
        right, mixed = (torch.stack(moved, 1) @ gradient).double().unbind(1)
        n = gradient.shape[2]
        matrix = torch.empty(len(rest), n + 1, n + 1, dtype=torch.float64, device=rest.device)
        matrix[:, :n, :n] = _information(gradient, shift.spread(weight))
        matrix[:, :n, n] = matrix[:, n, :n] = mixed
        matrix[:, n, n] = (weight * slope * slope).sum(1, dtype=torch.float64)
        last = (weight * slope * residual).sum(1, dtype=torch.float64)
        return NormalEquations(matrix, torch.cat([right, last[:, None]], 1))

    def _labels(self, x: Tensor) -> Tensor:
        labels = x if self.doppler is None else x[:, :-1]
        return labels.to(self.flux.dtype)

    def _squares(self, x: Tensor) -> Tensor:
        return (self.flux - self.model(x)).square_().mul_(self.ivar)

    def _weighed(self, model: Tensor) -> tuple[Tensor, Tensor]:
        residual = self.flux - model
        return residual, self.ivar * self.loss.weight(self.ivar * residual.square())


def _information(gradient: Tensor, weight: Tensor) -> Tensor:
    rooted = gradient * weight.sqrt()[:, :, None]
    return (rooted.mT @ rooted).double()
