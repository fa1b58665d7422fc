"""Polynomials of third order in three variables that outliers do not bend: medians and spreads."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any, Self

import numpy as np

from starledger.catalog.quality.batches import Floats

ORDER = 3
_NORMAL = 1.4826
"""Standard deviations per median absolute deviation, of a normal distribution."""
_ENDS = (0.1, 99.9)
"""Percentiles between which a variable counts: beyond, the value at the end holds."""
_STEPS = 40
_LEAST_SPREAD = 0.2
"""Of the spread of all: where a polynomial of the spread would fall below."""

_ROUNDING = 1e-6
"""Of the largest value: smaller differences are none."""


@dataclass(frozen=True, slots=True)
class Polynomial:
    """A polynomial in variables scaled to [-1, 1], held at the ends of its range.

    Parameters
    ----------
    low, high
        Ends of the range of each variable.
    coefficients
        Of the monomials in the order of `monomials`.
    """

    low: Floats
    high: Floats
    coefficients: Floats

    def __call__(self, variables: Floats) -> Floats:
        """Return its values: rows for rows × variables."""
        return np.asarray(monomials(_scaled(variables, self.low, self.high)) @ self.coefficients)

    @classmethod
    def median(cls, variables: Floats, values: Floats) -> Self:
        """Return the polynomial about which half of the values lie above and half below."""
        low, high = np.percentile(variables, _ENDS, axis=0)
        design = monomials(_scaled(variables, low, high))
        return cls(low, high, least_deviations(design, values))

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "low": self.low.tolist(),
            "high": self.high.tolist(),
            "coefficients": self.coefficients.tolist(),
        }


@dataclass(frozen=True, slots=True)
class Typical:
    """The median of a quantity and its spread, as functions of three variables.

    Parameters
    ----------
    median
        The polynomial of the median.
    deviation
        That of the median absolute deviation from it.
    least
        The spread is never less.
    number
        Of the rows that it was learnt from.
    """

    median: Polynomial
    deviation: Polynomial
    least: float
    number: int

    @classmethod
    def of(cls, variables: Floats, values: Floats) -> Self:
        """Learn it from rows × variables and their values."""
        median = Polynomial.median(variables, values)
        away = np.abs(values - median(variables))
        least = _LEAST_SPREAD * _NORMAL * float(np.median(away))
        least = max(least, _ROUNDING * float(np.abs(values).max()), _ROUNDING)
        return cls(median, Polynomial.median(variables, away), least, len(values))

    def spread(self, variables: Floats) -> Floats:
        """Return the standard deviation that the spread is worth."""
        return np.maximum(_NORMAL * self.deviation(variables), self.least)

    def ratio(self, variables: Floats, values: Floats) -> Floats:
        """Return by how many spreads values exceed the median; NaN where something is not known."""
        return np.asarray((values - self.median(variables)) / self.spread(variables))

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "median": self.median.as_json(),
            "deviation": self.deviation.as_json(),
            "least": self.least,
            "number": self.number,
        }


def monomials(variables: Floats) -> Floats:
    """Return all products of up to three variables, the constant first: rows × products.

    Examples
    --------
    >>> monomials(np.array([[2.0, 0.0, 1.0]]))[0, :4].tolist()
    [1.0, 2.0, 0.0, 1.0]
    """
    columns = [np.ones(len(variables))]
    for order in range(1, ORDER + 1):
        columns += [
            np.prod(variables[:, list(chosen)], axis=1)
            for chosen in combinations_with_replacement(range(variables.shape[1]), order)
        ]
    return np.stack(columns, 1)


def least_deviations(design: Floats, values: Floats) -> Floats:
    """Return the coefficients that make the sum of absolute deviations least.

    Weighted least squares again and again, each row weighted by the inverse of its last deviation.

    Examples
    --------
    >>> least_deviations(np.ones((5, 1)), np.array([1.0, 2.0, 3.0, 4.0, 1e6])).round(3).tolist()
    [3.0]
    """
    scale = float(np.median(np.abs(values - np.median(values)))) or 1.0
    weights: Floats = np.ones(len(values))
    found: Floats = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        root = np.sqrt(weights)
        last = found
        found = np.asarray(
            np.linalg.lstsq(design * root[:, None], values * root, rcond=1e-10)[0], np.float64
        )
        if np.abs(found - last).max() < 1e-6 * scale:
            break
        weights = 1.0 / np.maximum(np.abs(values - design @ found), 1e-4 * scale)
    return found


def _scaled(variables: Floats, low: Floats, high: Floats) -> Floats:
    width = np.where(high > low, high - low, 1.0)
    return np.asarray(2.0 * (np.clip(variables, low, high) - low) / width - 1.0)
