"""What the truth says of a release: widths of pulls, and trends that are left in calibrated labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import median_abs_deviation

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Width:
    """How wide pulls are.

    Parameters
    ----------
    robust, plain
        1.4826 times the median absolute deviation from the median, and the standard deviation.
    error
        Sampling error of the robust width.
    median
        Of the pulls.
    count
        How many there are.
    """

    robust: float
    plain: float
    error: float
    median: float
    count: int


def width(pulls: Floats) -> Width:
    """Return how wide pulls are, missing ones left out."""
    pulls = pulls[np.isfinite(pulls)]
    robust = float(median_abs_deviation(pulls, scale="normal"))
    # The median absolute deviation has 37 % of the standard deviation's efficiency.
    error = robust / np.sqrt(2 * 0.37 * len(pulls))
    return Width(robust, float(pulls.std()), float(error), float(np.median(pulls)), len(pulls))


@dataclass(frozen=True)
class Trend:
    """What is left along a variable.

    Parameters
    ----------
    at, left, error
        Of bins of equal numbers: mean of the variable, trimmed mean of what is left and its error.
    """

    at: Floats
    left: Floats
    error: Floats

    @property
    def largest(self) -> float:
        """The largest of all bins."""
        return float(np.abs(self.left).max())


def trend(at: Floats, left: Floats, bins: int, clip: float = 4.0) -> Trend:
    """Return what is left in bins of equal numbers, farther outliers than `clip` widths out."""
    known = np.isfinite(at) & np.isfinite(left)
    at, left = at[known], left[known]
    rows = np.array_split(np.argsort(at), bins)
    means, errors = [], []
    for mine in rows:
        some = left[mine]
        near = np.abs(some - np.median(some)) < clip * median_abs_deviation(some, scale="normal")
        means.append(some[near].mean())
        errors.append(some[near].std(ddof=1) / np.sqrt(near.sum()))
    return Trend(np.array([at[mine].mean() for mine in rows]), np.array(means), np.array(errors))
