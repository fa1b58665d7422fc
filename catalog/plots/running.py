"""The middle and the spread of numbers along another one, robustly, in bins of as many each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from starledger.catalog.plots.columns import FloatArray

FEWEST = 10
"""Values of a bin: the spread of fewer says little."""
BINS = 12
"""How many bins there are, where there are values for so many."""
_NORMAL = 1.349
"""Between the quartiles of a normal distribution lie so many standard deviations."""


@dataclass(frozen=True, slots=True)
class Running:
    """What numbers are like along another one.

    Parameters
    ----------
    at
        The medians of where the bins lie.
    middle, spread
        The median of each, and the standard deviation that its quartiles tell.
    """

    at: FloatArray
    middle: FloatArray
    spread: FloatArray


def running(along: FloatArray, values: FloatArray) -> Running:
    """Return the middle and the spread of values in bins along another number.

    Examples
    --------
    >>> along = np.arange(1000.0)
    >>> found = running(along, np.where(along < 500, 0.0, 1.0))
    >>> found.middle[[0, -1]].tolist(), len(found.at)
    ([0.0, 1.0], 12)
    """
    order = np.argsort(along, kind="stable")
    count = max(1, min(BINS, len(along) // FEWEST))
    bins = [rows for rows in np.array_split(order, count) if len(rows)]
    return Running(
        np.array([np.median(along[rows]) for rows in bins]),
        np.array([np.median(values[rows]) for rows in bins]),
        np.array([spread_of(values[rows]) for rows in bins]),
    )


def spread_of(values: FloatArray) -> float:
    """Return the standard deviation of a normal distribution with the same quartiles.

    Examples
    --------
    >>> spread_of(np.array([-0.6745, 0.0, 0.6745, 100.0, -100.0]))
    1.0
    """
    low, high = np.quantile(values, [0.25, 0.75])
    return float((high - low) / _NORMAL)
