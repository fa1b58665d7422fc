"""The Cannon's test step: the labels of spectra at rest, without touching a pixel twice.

The flux is linear in the terms, so χ² is a quadratic form in them. Its matrix is one product of the
weights of all spectra with the pairs of coefficients; every trial of labels then costs only terms.
This is exact, not an approximation; it holds as long as no velocity is fitted.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from starledger.compute.models.base import Convergence, Fits, Spectra
from starledger.compute.models.cannon.emulator import UNTRAINED, Cannon
from starledger.compute.models.cannon.least_squares import PairSums

_STEPS = 100
_TOLERANCE = 1e-5
_EDGE = 1e-9
_CONDITION = 1e-12
_STARTS_EACH = 4


@dataclass(frozen=True, slots=True)
class _Chi2:
    """χ² of spectra as quadratic forms in the terms: matrix, vector, and χ² of no flux at all."""

    matrix: Tensor
    vector: Tensor
    constant: Tensor

    def of(self, terms: Tensor) -> Tensor:
        """Return χ² of one star's terms for each spectrum."""
        along = (self.matrix @ terms[:, :, None])[:, :, 0] - 2.0 * self.vector
        return self.constant + (along * terms).sum(dim=1)

    def part(self, chosen: Tensor) -> _Chi2:
        """Return those of some spectra."""
        return _Chi2(self.matrix[chosen], self.vector[chosen], self.constant[chosen])


@dataclass(frozen=True, slots=True)
class _Found:
    """Scaled labels, whether they arrived, how many steps they took."""

    x: Tensor
    arrived: Tensor
    steps: Tensor


class LabelStep:
    """Gives the labels of spectra at rest by a Cannon.

    Labels stay inside the range of the training labels; the Cannon's scatter adds to the errors of
    the pixels.

    Parameters
    ----------
    cannon
        What was trained.
    """

    def __init__(self, cannon: Cannon) -> None:
        self._cannon = cannon
        coefficients = cannon.coefficients.double()
        self._coefficients = coefficients
        self._pairs = PairSums.of(coefficients.T)
        self._trained_pairs = PairSums.of((coefficients * (cannon.scatter < UNTRAINED)).T.float())
        self._low, self._high = cannon.scaled(cannon.low), cannon.scaled(cannon.high)
        self._starts = self._grid_of_starts()

    def __call__(self, spectra: Spectra) -> Fits:
        """Fit the labels of spectra that lie on the Cannon's pixels."""
        flux, ivar = spectra.flux.double(), spectra.ivar.double()
        # A sum is finite where all its parts are, and costs one pass.
        sound = (flux.abs().sum(dim=1) + ivar.sum(dim=1)).isfinite() & (ivar.amin(dim=1) >= 0)
        if not bool(sound.all()):
            flux, ivar = flux.where(sound[:, None], 0.0), ivar.where(sound[:, None], 0.0)
        chi2 = self._chi2(flux, ivar / (1.0 + ivar * self._cannon.scatter.double() ** 2))
        found = self._descend(chi2)
        n_pixels = (ivar > 0).sum(dim=1)
        return self._fits(ivar, chi2, found, sound, n_pixels)

    def _chi2(self, flux: Tensor, weights: Tensor) -> _Chi2:
        weighted = flux * weights
        return _Chi2(
            self._pairs(weights.T), weighted @ self._coefficients.T, (weighted * flux).sum(dim=1)
        )

    def _grid_of_starts(self) -> Tensor:
        n = len(self._low)
        # A full grid of many labels would not fit; the first ones bend the spectrum most.
        places = torch.linspace(0.1, 0.9, _STARTS_EACH).to(self._low)
        grid = torch.cartesian_prod(*[places] * min(n, 4)).reshape(-1, min(n, 4))
        middle = torch.full((len(grid), n), 0.5).to(grid)
        middle[:, : grid.shape[1]] = grid
        return self._low + middle * (self._high - self._low)

    def _best_starts(self, chi2: _Chi2) -> Tensor:
        terms = self._cannon.terms.values(self._starts)
        products = (terms[:, :, None] * terms[:, None, :]).flatten(1)
        tried = chi2.matrix.flatten(1) @ products.T - 2.0 * chi2.vector @ terms.T
        return self._starts[tried.argmin(dim=1)]

    def _descend(self, chi2: _Chi2) -> _Found:
        """Go down from the best of the starts: Levenberg–Marquardt, each spectrum at its pace."""
        x = self._best_starts(chi2)
        value = chi2.of(self._cannon.terms.values(x))
        damping = torch.full_like(value, 1e-3)
        steps = torch.full(value.shape, _STEPS, device=x.device)
        arrived = torch.zeros_like(value, dtype=torch.bool)
        active = torch.arange(len(x), device=x.device)
        for number in range(1, _STEPS + 1):
            here = chi2.part(active)
            new = self._step(here, x[active], damping[active])
            lower = here.of(self._cannon.terms.values(new))
            better = lower <= value[active]
            small = (new - x[active]).abs().amax(dim=1) < _TOLERANCE
            x[active] = torch.where(better[:, None], new, x[active])
            value[active] = torch.where(better, lower, value[active])
            damping[active] *= torch.where(better, 0.1, 10.0)
            steps[active[small]], arrived[active[small]] = number, True
            active = active[~small]
            if len(active) == 0:
                break
        return _Found(x, arrived, steps)

    def _step(self, chi2: _Chi2, x: Tensor, damping: Tensor) -> Tensor:
        slope, curvature = self._slope_and_curvature(chi2, x)
        size = self._high - self._low
        held = ((x <= self._low + _EDGE * size) & (slope > 0)) | (
            (x >= self._high - _EDGE * size) & (slope < 0)
        )
        free = ~held
        diagonal = curvature.diagonal(dim1=1, dim2=2)
        added = damping[:, None] * diagonal + 1e-12 * diagonal.amax(dim=1, keepdim=True) + 1e-30
        damped = curvature + torch.diag_embed(added)
        damped = torch.where(
            free[:, :, None] & free[:, None, :], damped, torch.eye(len(size)).to(damped)
        )
        change = torch.linalg.solve(damped, (slope * free)[:, :, None])[:, :, 0]
        return torch.minimum(torch.maximum(x - change, self._low), self._high)

    def _slope_and_curvature(self, chi2: _Chi2, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return half the derivatives of χ², the second as Gauss and Newton take them."""
        terms, change = self._cannon.terms.values(x), self._cannon.terms.derivatives(x)
        along = (chi2.matrix @ terms[:, :, None])[:, :, 0] - chi2.vector
        slope = (change.transpose(1, 2) @ along[:, :, None])[:, :, 0]
        return slope, change.transpose(1, 2) @ chi2.matrix @ change

    def _fits(
        self, ivar: Tensor, chi2: _Chi2, found: _Found, sound: Tensor, n_pixels: Tensor
    ) -> Fits:
        scales, pivots = self._cannon.scales, self._cannon.pivots
        _, curvature = self._slope_and_curvature(chi2, found.x)
        singular = self._singular(curvature)
        eye = torch.eye(len(scales)).to(curvature)
        covariance = torch.linalg.inv(torch.where(singular[:, None, None], eye, curvature))
        covariance = covariance * scales[:, None] * scales
        covariance = covariance.masked_fill(singular[:, None, None], torch.nan)
        outcome = self._outcomes(found, sound, n_pixels, singular)
        failed = torch.tensor([one.failed for one in outcome], device=found.x.device)
        labels = (found.x * scales + pivots).masked_fill(failed[:, None], torch.nan)
        covariance = covariance.masked_fill(failed[:, None, None], torch.nan)
        value = chi2.of(self._cannon.terms.values(found.x)).masked_fill(failed, torch.nan)
        bounds = self._bounds(ivar, found.x)
        return Fits(labels, covariance, None, value, n_pixels, outcome, found.steps, bounds)

    def _bounds(self, ivar: Tensor, x: Tensor) -> Tensor:
        """Return the Cramér–Rao bounds from the photons alone, the scatter left out."""
        change = self._cannon.terms.derivatives(x)
        # Bounds are read to a few digits, for which single precision is enough.
        matrix = self._trained_pairs(ivar.T.float()).double()
        information = change.transpose(1, 2) @ matrix @ change
        unknown = self._singular(information)
        eye = torch.eye(x.shape[1]).to(x)
        inverse = torch.linalg.inv(torch.where(unknown[:, None, None], eye, information))
        errors: Tensor = inverse.diagonal(dim1=1, dim2=2).sqrt() * self._cannon.scales
        return errors.masked_fill(unknown[:, None], torch.nan)

    def _outcomes(
        self, found: _Found, sound: Tensor, n_pixels: Tensor, singular: Tensor
    ) -> tuple[Convergence, ...]:
        edge = _EDGE * (self._high - self._low)
        bound = ((found.x <= self._low + edge) | (found.x >= self._high - edge)).any(dim=1)
        few = n_pixels <= found.x.shape[1]
        worst_first = (
            (~sound, Convergence.NOT_FINITE),
            (few, Convergence.TOO_FEW_PIXELS),
            (singular, Convergence.SINGULAR),
            (~found.arrived, Convergence.TOO_MANY_STEPS),
            (bound, Convergence.ON_BOUND),
        )
        outcome = [Convergence.CONVERGED] * len(found.x)
        for holds, convergence in reversed(worst_first):
            for i in holds.nonzero()[:, 0].tolist():
                outcome[i] = convergence
        return tuple(outcome)

    @staticmethod
    def _singular(curvature: Tensor) -> Tensor:
        size = curvature.diagonal(dim1=1, dim2=2)
        positive = (size > 0).all(dim=1) & curvature.isfinite().all(dim=2).all(dim=1)
        norm = size.where(positive[:, None], 1.0).sqrt()
        eye = torch.eye(curvature.shape[1]).to(curvature)
        scaled = curvature / norm[:, :, None] / norm[:, None, :]
        safe = torch.where(positive[:, None, None], scaled, eye)
        smallest: Tensor = torch.linalg.eigvalsh(safe)[:, 0]
        return ~positive | (smallest < _CONDITION)
