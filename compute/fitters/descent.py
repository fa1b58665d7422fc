"""The steps of Levenberg and Marquardt, for a batch whose spectra finish one by one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from starledger.compute.fitters.problem import Point, Problem, Wanted

_FIRST_DAMPING, _LEAST_DAMPING = 1e-3, 1e-8
_HARDER = 0.1
"""Damping after a step that failed, at least: with less, the next would be the same."""
_RIDGE = 1e-9
_COST_ROUNDING = 1e-6
"""Relative differences of cost that single precision does not tell apart."""
_WORTH, _PATIENCE = 0.01, 3
"""So many short steps in a row that lower the cost by less are the last."""
_NEAR, _SETTLED = 12.0, 5.0
"""A step that is shorter than so many standard errors wants the exact matrix where it leads; one
that is even shorter hardly changes it."""
_SURE = 0.5
"""Of the tolerance: a step that leads so near need not be tried."""
_STALLED = 0.1
"""A step that is shorter than so many standard errors may gain less than rounding shows."""


@dataclass(frozen=True, slots=True)
class Box:
    """Between which values each quantity stays."""

    low: Tensor
    high: Tensor

    def inside(self, x: Tensor) -> Tensor:
        """Return the nearest point of the box."""
        return torch.minimum(torch.maximum(x, self.low), self.high)

    def free(self, x: Tensor, right: Tensor) -> Tensor:
        """Return which quantities may go where `right` leads."""
        return ~(((x <= self.low) & (right < 0)) | ((x >= self.high) & (right > 0)))


@dataclass(frozen=True, slots=True)
class Descent:
    """Where a batch came to.

    Parameters
    ----------
    x
        Spectra × quantities.
    cost
        The sum that was made small.
    matrix
        JᵀWJ there, or so near that it is the same for all purposes.
    exact
        Whether it is; else it is only about that.
    converged
        Whether the next step would have been short enough.
    steps
        Steps that were tried; the last one need not be.
    """

    x: Tensor
    cost: Tensor
    matrix: Tensor
    exact: Tensor
    converged: Tensor
    steps: Tensor


def descend(problem: Problem, start: Tensor, box: Box, tolerance: float, steps: int) -> Descent:
    """Follow the cost of every spectrum downhill from its start.

    Parameters
    ----------
    problem
        The batch.
    start
        Spectra × quantities, inside the box.
    box
        Bounds of the quantities.
    tolerance
        In standard errors: see `FitSettings`.
    steps
        The most steps that are taken.
    """
    walkers = _Walkers(problem, start, box)
    for _ in range(steps):
        if not walkers.step(tolerance):
            break
    return walkers.finished()


class _Walkers:
    """Spectra on their way; those that have arrived are put into the outcome and leave."""

    def __init__(self, problem: Problem, start: Tensor, box: Box) -> None:
        self.problem, self.box = problem, box
        self.x, self.point = start.clone(), problem.at(start)
        self.damping = torch.full_like(self.point.cost, _FIRST_DAMPING)
        self.rows = torch.arange(len(start), device=start.device)
        self.idle = torch.zeros_like(self.rows)
        self.left = torch.zeros_like(self.point.cost)
        self.exact = torch.full_like(self.rows, problem.blocks is None, dtype=torch.bool)
        self.taken = 0
        nothing = torch.zeros_like(self.rows)
        self.out = Descent(
            start.clone(),
            self.point.cost.clone(),
            self.point.matrix.clone(),
            nothing > 0,
            nothing > 0,
            nothing,
        )

    def step(self, tolerance: float) -> bool:
        """Take one step; return whether any spectrum is left."""
        free = self.box.free(self.x, self.point.right)
        newton = _solve(self.point, free, torch.zeros_like(self.damping))
        left = (self.point.right * newton).sum(1).clamp(min=0.0).sqrt()
        sure = self._take_sure(newton, left, tolerance)
        here = ~sure & ((left > tolerance) | ~left.isfinite())
        self.left = left
        self._leave(~here)
        if not len(self.rows):
            return False
        self._try(_solve(self.point, free[here], self.damping), left[here])
        return len(self.rows) > 0

    def _take_sure(self, newton: Tensor, left: Tensor, tolerance: float) -> Tensor:
        """Take without trying the steps that lead to the end; return whose these are.

        They do if each step is shorter than the one before it by the same factor.
        """
        there = self.x + newton
        sure = (left.square() < _SURE * tolerance * self.left) & (left < 1.0) & (left > tolerance)
        sure &= (self.box.inside(there) == there).all(1)
        self.x = torch.where(sure[:, None], there, self.x)
        cost = torch.where(sure, self.point.cost - left.square(), self.point.cost)
        self.point = replace(self.point, cost=cost)
        return sure

    def _try(self, move: Tensor, left: Tensor) -> None:
        length = torch.einsum("si,sij,sj->s", move, self.point.matrix, move).clamp(min=0.0).sqrt()
        trial = self.box.inside(self.x + move)
        kept, exact = self.exact & (left < _SETTLED), self.exact | (left < _NEAR)
        there = self.problem.at(trial, Wanted(kept, exact, self.point.matrix))
        cost = self.point.cost
        # What such a step could gain is less than the rounding of the cost, whose sign says
        # nothing there: it is taken unless it clearly harms.
        near = left < (4.0 * _COST_ROUNDING * cost).sqrt().clamp(min=_STALLED)
        slack = torch.where(near, 10.0 * _COST_ROUNDING, _COST_ROUNDING)
        better = there.cost <= cost * (1.0 + slack)
        # Where a model has a kink, such as those of rectifying neurons, the gradient never falls to
        # zero; a fit ends there when short steps bring nothing any more.
        idle = (length < 1.0) & ~(there.cost < cost - _WORTH)
        self.idle = torch.where(idle, self.idle + 1, 0)
        self.taken += 1
        # Of what the matrix foretold; it is about 1 where the model is nearly linear.
        foretold = 2.0 * (self.point.right * move).sum(1) - length.square()
        kept = (cost - there.cost) / foretold
        self.damping *= torch.where(kept > 0.75, 0.1, torch.where(kept > 0.25, 1.0, 3.0))
        self.damping.clamp_(min=_LEAST_DAMPING)
        self.damping = torch.where(better, self.damping, (self.damping * 3.0).clamp(min=_HARDER))
        self.exact = torch.where(better, exact, self.exact)
        self.x = torch.where(better[:, None], trial, self.x)
        self.point = Point(
            torch.where(better, there.cost, cost),
            torch.where(better[:, None, None], there.matrix, self.point.matrix),
            torch.where(better[:, None], there.right, self.point.right),
        )
        self._leave(self.idle >= _PATIENCE)

    def _leave(self, arrived: Tensor) -> None:
        if not arrived.any():
            return
        self._put(arrived, converged=True)
        stay = (~arrived).nonzero()[:, 0]
        self.x, self.rows, self.damping = self.x[stay], self.rows[stay], self.damping[stay]
        self.idle, self.exact, self.left = self.idle[stay], self.exact[stay], self.left[stay]
        self.problem, self.point = self.problem.take(stay), self.point.take(stay)

    def _put(self, which: Tensor, *, converged: bool) -> None:
        rows = self.rows[which]
        self.out.x[rows], self.out.cost[rows] = self.x[which], self.point.cost[which]
        self.out.matrix[rows], self.out.exact[rows] = self.point.matrix[which], self.exact[which]
        self.out.converged[rows], self.out.steps[rows] = converged, self.taken

    def finished(self) -> Descent:
        """Return where all came to, those that still walked included."""
        self._put(torch.ones_like(self.rows, dtype=torch.bool), converged=False)
        return self.out


def _solve(point: Point, free: Tensor, damping: Tensor) -> Tensor:
    """Return the damped step in the free quantities; it is NaN where there is none."""
    scale = point.matrix.diagonal(dim1=1, dim2=2).clamp(min=1e-300).rsqrt() * free
    scaled = point.matrix * scale[:, :, None] * scale[:, None, :]
    scaled.diagonal(dim1=1, dim2=2).copy_((1.0 + _RIDGE + damping)[:, None].expand_as(scale))
    factor, failed = torch.linalg.cholesky_ex(scaled)
    step = torch.cholesky_solve((point.right * scale)[:, :, None], factor)[:, :, 0] * scale
    return torch.where((failed == 0)[:, None], step, torch.nan)
