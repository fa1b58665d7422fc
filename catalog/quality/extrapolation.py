"""Extrapolation as The Cannon's authors tell it: where cross-validation misses on one side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import ndtr

from starledger.catalog.quality.batches import Batch, Bools, Floats
from starledger.catalog.quality.facts import Facts
from starledger.catalog.quality.rule import Case, Rule, Subject, Verdict
from starledger.catalog.quality.thresholds import Thresholds
from starledger.schema.flags import Scope, flag

KIEL_EXTRAPOLATED = flag(Scope.FIT, "kiel_extrapolated")
EXTRAPOLATED = flag(Scope.LABEL, "extrapolated")

KIEL = ("teff", "logg")
LEAST_STARS = 50
"""With fewer held-out stars nothing is said."""
_STEPS = 201


def trusted_range(truth: Floats, found: Floats, share: float) -> tuple[float, float]:
    """Return the range of found values in which a model extrapolates well.

    The joint density of true and found values is estimated by Gaussian kernels, with a bandwidth by
    Silverman's rule. Going outwards from the median, the range ends where the true value lies on
    one side of the found one with a probability above ``share``, or with the held-out stars.

    Parameters
    ----------
    truth, found
        Of held-out stars, in label units.
    share
        Above 0.5.

    Examples
    --------
    >>> truth = np.linspace(-1, 1, 400)
    >>> low, high = trusted_range(truth, np.clip(truth, -0.5, None), 0.9)
    >>> low < -0.4, high > 0.9
    (True, True)
    """
    grid = np.linspace(found.min(), found.max(), _STEPS)
    above = _share_above(truth, found, grid)
    missed = (above > share) | (above < 1.0 - share)
    middle = int(np.searchsorted(grid, np.median(found)).clip(0, _STEPS - 1))
    below = np.flatnonzero(missed[:middle])
    beyond = np.flatnonzero(missed[middle + 1 :])
    low = grid[below[-1]] if len(below) else grid[0]
    high = grid[middle + 1 + beyond[0]] if len(beyond) else grid[-1]
    return float(low), float(high)


def _share_above(truth: Floats, found: Floats, grid: Floats) -> Floats:
    """Return the probability that the true value is above the found one, for found values."""
    covariance = np.cov(truth, found) * len(truth) ** (-1.0 / 3.0)
    slope = covariance[0, 1] / covariance[1, 1]
    width = np.sqrt(covariance[1, 1])
    spread = np.sqrt(max(covariance[0, 0] - slope * covariance[0, 1], 1e-12 * covariance[1, 1]))
    away = (grid[:, None] - found) / width
    # The nearest star alone counts where all are far.
    weight = np.exp(-0.5 * (away**2 - (away**2).min(1, keepdims=True)))
    expected = truth + slope * (grid[:, None] - found)
    above = ndtr((expected - grid[:, None]) / spread)
    return np.asarray((weight * above).sum(1) / weight.sum(1))


def _ranges(facts: Facts, share: float) -> dict[str, tuple[float, float]]:
    ranges = dict(facts.trusted)
    for name, (truth, found) in facts.held_out.items():
        known = np.isfinite(truth) & np.isfinite(found)
        spread = known.any() and np.ptp(truth[known]) > 0 and np.ptp(found[known]) > 0
        if name not in ranges and known.sum() >= LEAST_STARS and spread:
            ranges[name] = trusted_range(truth[known], found[known], share)
    return {name: ranges[name] for name in facts.labels if name in ranges}


class ExtrapolationCase(Case):
    """Judges labels by the ranges in which cross-validation trusts the model."""

    def __init__(self, facts: Facts, thresholds: Thresholds) -> None:
        self._names = facts.labels
        self._ranges = _ranges(facts, thresholds.extrapolation)

    def settle(self) -> Mapping[str, Any]:
        """Return the ranges."""
        return {"trusted_ranges": {name: list(ends) for name, ends in self._ranges.items()}}

    def judge(self, batch: Batch) -> Verdict:
        """Flag labels outside their range, and fits with Teff or log g outside."""
        beyond: Bools = np.zeros(batch.labels.shape, np.bool_)
        for name, (low, high) in self._ranges.items():
            values = batch.label(name)
            beyond[:, self._names.index(name)] = (values < low) | (values > high)
        kiel = [self._names.index(name) for name in KIEL if name in self._names]
        return Verdict(
            {EXTRAPOLATED: beyond, KIEL_EXTRAPOLATED: np.asarray(beyond[:, kiel].any(1))}
        )


def _needs(facts: Facts) -> str | None:
    if facts.trusted or facts.held_out:
        return None
    return "the training kept no cross-validation, and no held-out star of it was fitted"


RULE = Rule(
    "extrapolation", Subject.FIT, (EXTRAPOLATED, KIEL_EXTRAPOLATED), _needs, ExtrapolationCase
)
