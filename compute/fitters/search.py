"""Looking for the best fit of each spectrum of a batch from one start after another."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from starledger.compute.fitters.covariance import covariance
from starledger.compute.fitters.descent import Box, descend
from starledger.compute.fitters.doppler import Doppler
from starledger.compute.fitters.losses import Squares
from starledger.compute.fitters.problem import Problem
from starledger.compute.fitters.settings import FitSettings
from starledger.compute.models.base import Convergence, Emulator, Fits, Spectra
from starledger.compute.models.tangents import Blocks


class Search:
    """The best that was found so far.

    Parameters
    ----------
    emulator, settings, box
        Of the fit.
    spectra
        The batch, cleaned.
    able
        Which of them can be fitted.
    blocks
        Make the way shorter, see `Problem`.
    """

    def __init__(
        self,
        emulator: Emulator,
        settings: FitSettings,
        box: Box,
        spectra: Spectra,
        able: Tensor,
        blocks: Blocks | None = None,
    ) -> None:
        self.settings, self.box, self.able = settings, box, able
        doppler = None if settings.rv_range is None else Doppler(emulator.wavelength)
        self.reach = 0.0 if doppler is None else doppler.reach_kms
        self.problem = Problem(emulator, doppler, settings.loss, spectra.flux, spectra.ivar, blocks)
        self.photons = spectra.ivar.clone()
        self.weights = spectra.ivar.clone()
        n, m = len(spectra), len(box.low)
        self.x = torch.full((n, m), torch.nan, dtype=torch.float64, device=able.device)
        self.cost = torch.full_like(self.x[:, 0], torch.inf)
        self.matrix = torch.full_like(self.x[:, :, None].expand(n, m, m), torch.nan).contiguous()
        self.exact = torch.zeros_like(able)
        self.converged, self.outside = torch.zeros_like(able), torch.zeros_like(able)
        self.steps = torch.zeros_like(able, dtype=torch.int64)
        self.walked = 0

    def walk(self, start: Tensor, *, anew: bool = False) -> None:
        """Fit from a start what is not yet fitted well, or with `anew` all, and keep the better."""
        wanting = ~self.outside if anew else self._wanting()
        rows = (self.able & wanting).nonzero()[:, 0]
        if not len(rows):
            return
        if self.problem.doppler is not None and not self.walked:
            end = self.box.high[-1] + self.reach
            self.outside = start[:, -1].abs() > end
        self.walked += 1
        far = self._descend(rows, self.box.inside(start[rows]))
        if len(far):
            self._descend(far, self.x[far])

    @property
    def done(self) -> bool:
        """Whether all are fitted well."""
        return not bool((self.able & self._wanting()).any())

    def _wanting(self) -> Tensor:
        ends = (self.x <= self.box.low) | (self.x >= self.box.high)
        doubtful = self.cost > self.settings.doubtful
        return (~self.converged | ends.any(1) | doubtful) & ~self.outside

    def _descend(self, rows: Tensor, start: Tensor) -> Tensor:
        """Fit some spectra; return those whose velocity went far from its start."""
        photons, weights = self._weigh(rows, start)
        problem = replace(self.problem, flux=self.problem.flux[rows], ivar=weights)
        found = descend(problem, start, self.box, self.settings.tolerance, self.settings.max_steps)
        free = (weights > 0).sum(1) - start.shape[1]
        cost = found.cost / free.clamp(min=1)
        better = cost < self.cost[rows]
        self.steps[rows] += found.steps
        rows, start = rows[better], start[better]
        self.photons[rows], self.weights[rows] = photons[better], weights[better]
        self.x[rows], self.cost[rows] = found.x[better], cost[better]
        self.matrix[rows], self.exact[rows] = found.matrix[better], found.exact[better]
        self.converged[rows] = found.converged[better]
        if self.problem.doppler is None:
            return rows[:0]
        far = (self.x[rows, -1] - start[:, -1]).abs() > self.reach
        self.cost[rows[far]] = torch.inf  # other pixels will count, so that it cannot be compared
        return rows[far]

    def _weigh(self, rows: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
        """Return the inverse variances near a start: of the photons, and with the emulator's."""
        photons, doppler = self.problem.ivar[rows], self.problem.doppler
        error = self.problem.emulator.error if self.settings.emulator_error else None
        if error is not None:
            error = error.to(photons).expand_as(photons)
        if doppler is not None:
            photons = photons * doppler.readable(start[:, -1], self.reach)
            error = error if error is None else doppler.shift(start[:, -1]).apply(error)
        return photons, photons if error is None else photons / (1.0 + photons * error.square())

    def fits(self, refused: list[Convergence | None]) -> Fits:
        """Return what was found; `refused` tells why some spectra were not even tried."""
        best = replace(self.problem, ivar=self.weights)
        rows = (~self.exact & self.able).nonzero()[:, 0]
        if len(rows):
            self.matrix[rows] = best.take(rows).information(self.x[rows])
        matrix, singular = covariance(self.matrix)
        n_pixels = (self.weights > 0).sum(1)
        ends = self._ends(singular | matrix.isnan().any(2).any(1), n_pixels, refused)
        failed = torch.tensor([end.failed for end in ends], dtype=torch.bool, device=self.x.device)
        x = self.x.masked_fill(failed[:, None], torch.nan)
        chi2 = self._chi2(best, x, n_pixels).masked_fill(failed, torch.nan)
        n = len(self.problem.emulator.labels)
        matrix = matrix.masked_fill(failed[:, None, None], torch.nan)
        bounds = self._photon_covariance(matrix, x).diagonal(dim1=1, dim2=2)[:, :n].sqrt()
        rv = None if self.problem.doppler is None else x[:, -1]
        return Fits(x[:, :n], matrix, rv, chi2, n_pixels, ends, self.steps, bounds)

    def _chi2(self, best: Problem, x: Tensor, n_pixels: Tensor) -> Tensor:
        """Return the sum of squares, which a fit with another loss did not make small."""
        known = ~x.isnan().any(1)
        if isinstance(self.settings.loss, Squares) and bool(self.cost[known].isfinite().all()):
            return self.cost * (n_pixels - x.shape[1]).clamp(min=1)
        return best.photons(self.weights).cost(x.nan_to_num())

    def _photon_covariance(self, matrix: Tensor, x: Tensor) -> Tensor:
        if isinstance(self.settings.loss, Squares) and not self.settings.emulator_error:
            return matrix
        information = self.problem.photons(self.photons).information(x.nan_to_num())
        return covariance(information)[0].masked_fill(x.isnan()[:, :1, None], torch.nan)

    def _ends(
        self, singular: Tensor, n_pixels: Tensor, refused: list[Convergence | None]
    ) -> tuple[Convergence, ...]:
        at_end = (self.x <= self.box.low) | (self.x >= self.box.high)
        ends = [Convergence.CONVERGED] * len(self.x)
        moving = self.problem.doppler is not None
        at_edge = self.outside | (at_end[:, -1] & moving)
        for reason, rows in (
            (Convergence.TOO_MANY_STEPS, ~self.converged),
            (Convergence.ON_BOUND, at_end[:, : len(self.problem.emulator.labels)].any(1)),
            (Convergence.RV_AT_EDGE, at_edge),
            (Convergence.SINGULAR, singular),
            (Convergence.TOO_FEW_PIXELS, n_pixels < self.x.shape[1]),
        ):
            for row in rows.nonzero()[:, 0].tolist():
                ends[row] = reason
        return tuple(was or now for was, now in zip(refused, ends, strict=True))
