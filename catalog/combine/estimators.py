"""The estimators: what each row adds to sums, and what follows from the sums of a group.

Because sums may be made of sums, the visits of a night can be brought together first, and nights
to stars then, with the same outcome as all at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from starledger.catalog.combine.groups import Floats
from starledger.catalog.combine.measured import Measured
from starledger.catalog.combine.packing import (
    diagonal,
    distances,
    inverses,
    packed_diagonal,
    pairs,
    products,
    triangle,
)
from starledger.catalog.combine.settings import Estimator


@dataclass(frozen=True, slots=True)
class Solved:
    """What follows from the sums of groups.

    Parameters
    ----------
    values
        Groups × labels; NaN where no row had a value that counts.
    covariance
        Packed; 0 where there is no value.
    """

    values: Floats
    covariance: Floats

    @property
    def variances(self) -> Floats:
        """Of the values; NaN where there is none."""
        there = np.isfinite(self.values)
        return np.where(there, self.covariance[:, diagonal(there.shape[1])], np.nan)


class Estimate(Protocol):
    """A way of combining rows."""

    def terms(self, rows: Measured) -> tuple[Floats, int]:
        """Return what each row adds to the sums, and of how many the covariance was none."""

    def solve(self, sums: Floats, n: int) -> Solved:
        """Return the values of n labels that follow from sums."""

    def chi2(self, sums: Floats, solved: Solved, centre: Floats) -> Floats:
        """Return how far each group is from a centre, in squared errors."""


class LeastSquares:
    """Generalised least squares: weights are the inverse of the whole covariance."""

    def terms(self, rows: Measured) -> tuple[Floats, int]:
        """Return the precision and its product with the values."""
        precision, without = inverses(rows.covariance, rows.used)
        # Rounded to reals, a covariance may stop to be one.
        by_errors = np.where(rows.used, rows.errors, np.inf)[without] ** -2.0
        precision[without] = packed_diagonal(by_errors)
        values = np.where(rows.used, rows.values, 0.0)
        return np.hstack([products(precision, values), precision]), int(without.sum())

    def solve(self, sums: Floats, n: int) -> Solved:
        """Return the values that fit all rows best, and the inverse of the summed precision."""
        there = sums[:, n + diagonal(n)] > 0
        covariance, _none_is_singular = inverses(sums[:, n:], there)
        values = products(covariance, sums[:, :n])
        return Solved(np.where(there, values, np.nan), covariance)

    def chi2(self, sums: Floats, solved: Solved, centre: Floats) -> Floats:
        """Return the distances in the metric of the groups' precision."""
        n = centre.shape[1]
        return distances(sums[:, n:], np.nan_to_num(solved.values - centre))


@dataclass(frozen=True, slots=True)
class WeightedMean:
    """A mean of each label by itself, its covariance propagated from those of the rows.

    Parameters
    ----------
    weights
        Of the values that count, from what was measured.
    """

    weights: Callable[[Measured], Floats]

    def terms(self, rows: Measured) -> tuple[Floats, int]:
        """Return weighted values, weights, and covariances weighted twice."""
        weight = np.where(rows.used, self.weights(rows), 0.0)
        i, j = triangle(weight.shape[1])
        both = rows.used[:, i] & rows.used[:, j]
        weighted = pairs(weight) * np.where(both, rows.covariance, 0.0)
        values = np.where(rows.used, rows.values, 0.0)
        return np.hstack([weight * values, weight, weighted]), 0

    def solve(self, sums: Floats, n: int) -> Solved:
        """Return the sums divided by the sums of the weights."""
        total = np.where(sums[:, n : 2 * n] > 0, sums[:, n : 2 * n], np.nan)
        covariance = np.nan_to_num(sums[:, 2 * n :] / pairs(total))
        return Solved(sums[:, :n] / total, covariance)

    def chi2(self, sums: Floats, solved: Solved, centre: Floats) -> Floats:
        """Return the squares of all deviations over their variances."""
        del sums
        square: Floats = np.nansum((solved.values - centre) ** 2 / solved.variances, axis=1)
        return square


def _by_errors(rows: Measured) -> Floats:
    return np.where(rows.used, rows.errors, 1.0) ** -2.0


def _by_signal(rows: Measured) -> Floats:
    return np.broadcast_to(rows.snr[:, None], rows.values.shape)


BY_ERRORS = WeightedMean(_by_errors)

ESTIMATES: dict[Estimator, Estimate] = {
    Estimator.INVERSE_VARIANCE: LeastSquares(),
    Estimator.DIAGONAL: BY_ERRORS,
    Estimator.SNR: WeightedMean(_by_signal),
    # A single visit is left, which is never weighted.
    Estimator.BEST: BY_ERRORS,
}
"""The way of combining rows that each estimator stands for."""
