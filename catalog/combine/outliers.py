"""Outlier visits: those that a star's other visits cannot be brought together with."""

from __future__ import annotations

import numpy as np

from starledger.catalog.combine.groups import Bools, Floats, Groups

_MAD_TO_SIGMA = 1.4826
"""The standard deviation of normal deviates with a median absolute deviation of 1."""


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
    centre = median(values, used)
    deviation = np.abs(values - centre[:, None])
    spread = _MAD_TO_SIGMA * median(deviation, used)
    sigma = np.maximum(errors, spread[:, None])
    enough = used.sum(axis=1) >= min_visits
    far: Bools = np.any((deviation > sigmas * sigma) & used & enough[:, None], axis=2)
    return far


def median(values: Floats, used: Bools) -> Floats:
    """Return the medians of what is used along the middle axis; NaN where nothing is.

    Weights would let a single precise visit decide, which may be the one that is wrong.

    Examples
    --------
    >>> values = np.array([[[1.0], [2.0], [9.0], [np.nan]]])
    >>> median(values, np.isfinite(values)).item()
    2.0
    """
    ordered = np.sort(np.where(used, values, np.inf), axis=1)
    count = used.sum(axis=1)[:, None]
    ends = (np.maximum(count - 1, 0) // 2, np.minimum(count // 2, values.shape[1] - 1))
    low, high = (np.take_along_axis(ordered, end, axis=1)[:, 0] for end in ends)
    return np.where(count[:, 0] > 0, (low + high) / 2, np.nan)
