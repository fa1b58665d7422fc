"""Outlier visits: those that a star's other visits cannot be brought together with."""

from __future__ import annotations

import numpy as np

from starledger.catalog.combine.groups import Bools, Floats, Groups

_MAD_TO_SIGMA = 1.4826
"""The standard deviation of normal deviates with a median absolute deviation of 1."""
_TIE = 1e-9


def outliers(
    values: Floats, errors: Floats, used: Bools, stars: Groups, sigmas: float, min_visits: int
) -> Bools:
    """Return which rows are outliers, by the rule that `OUTLIER_RULE` tells.

    Parameters
    ----------
    values, errors
        Rows × labels.
    used
        Which of them count.
    stars
        To which the rows belong.
    sigmas
        How many robust sigmas are too far.
    min_visits
        How many values of a label a star must have.

    Examples
    --------
    >>> values = np.array([[5000.0], [5010.0], [4995.0], [5800.0]])
    >>> errors = np.full((4, 1), 20.0)
    >>> stars = Groups.of(np.zeros(4))
    >>> outliers(values, errors, np.isfinite(values), stars, 5.0, 3).tolist()
    [False, False, False, True]
    """
    found = np.zeros(stars.n_rows, np.bool_)
    counts = stars.counts
    # Stars with as many visits each make a block of which no row is empty.
    for visits in np.unique(counts[counts >= min_visits]):
        rows = stars.starts[counts == visits][:, None] + np.arange(visits)
        far = _far(values[rows], errors[rows], used[rows], sigmas, min_visits)
        minority = 2 * far.sum(axis=1) < visits
        found[rows] = far & minority[:, None]
    return found


def _far(values: Floats, errors: Floats, used: Bools, sigmas: float, min_visits: int) -> Bools:
    """Return which visits are far off in any label: stars × visits."""
    centre = weighted_median(values, np.where(used, errors, np.inf) ** -2.0)
    deviation = np.abs(values - centre[:, None])
    spread = _MAD_TO_SIGMA * weighted_median(deviation, used.astype(float))
    sigma = np.maximum(errors, spread[:, None])
    enough = used.sum(axis=1) >= min_visits
    return np.any((deviation > sigmas * sigma) & used & enough[:, None], axis=2)


def weighted_median(values: Floats, weights: Floats) -> Floats:
    """Return the medians along the middle axis; rows of no weight do not count.

    Between two values that halve the weight between them, it is their mean.

    Examples
    --------
    >>> weighted_median(np.array([[[1.0], [2.0], [9.0]]]), np.array([[[1.0], [1.0], [5.0]]])).item()
    9.0
    >>> weighted_median(np.array([[[1.0], [2.0]]]), np.ones((1, 2, 1))).item()
    1.5
    """
    values = np.where(weights > 0, values, np.inf)
    order = np.argsort(values, axis=1)
    values = np.take_along_axis(values, order, axis=1)
    passed = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
    half = passed[:, -1:] / 2
    low = np.argmax(passed >= half * (1 - _TIE), axis=1)
    high = np.argmax(passed > half * (1 + _TIE), axis=1)
    ends = [np.take_along_axis(values, one[:, None], axis=1)[:, 0] for one in (low, high)]
    return np.where(half[:, 0] > 0, (ends[0] + ends[1]) / 2, np.nan)
