"""Shapes that a correction can have: what is linear in its parameters, as a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from typing import Any, Protocol

import numpy as np
from scipy.interpolate import CubicSpline

from starledger.catalog.calibrate.forms import SMALLEST
from starledger.catalog.calibrate.formula import FloatArray


@dataclass(frozen=True)
class Parameters:
    """A correction's coefficients as its row keeps them."""

    coefficients: FloatArray
    covariance: FloatArray
    definition: dict[str, Any] = field(default_factory=dict)


class Basis(Protocol):
    """A shape of corrections."""

    @property
    def form(self) -> str:
        """The form of the calibration."""

    def design(self, at: FloatArray) -> FloatArray:
        """Return what each parameter adds, stars × parameters, at variables of stars."""

    def parameters(self, values: FloatArray, covariance: FloatArray) -> Parameters:
        """Return the coefficients that stand for some values of the parameters."""


@dataclass(frozen=True)
class Constant:
    """The same correction for all."""

    form = "constant"

    def design(self, at: FloatArray) -> FloatArray:
        """Return a column of ones."""
        return np.ones((len(at), 1))

    def parameters(self, values: FloatArray, covariance: FloatArray) -> Parameters:
        """Return the constant."""
        return Parameters(flushed(values), covariance)


@dataclass(frozen=True)
class Polynomial:
    """A sum of terms of powers of the variables.

    Parameters
    ----------
    powers
        Of each term, a number a variable.
    pivots, scales
        What is subtracted from each variable, and what the rest is divided by.

    Examples
    --------
    >>> Polynomial(((2,), (1,)), (5000.0,), (1000.0,)).design(np.array([[7000.0]]))
    array([[4., 2.]])
    """

    powers: tuple[tuple[int, ...], ...]
    pivots: tuple[float, ...]
    scales: tuple[float, ...]

    form = "polynomial"

    def design(self, at: FloatArray) -> FloatArray:
        """Return the terms."""
        moved = (at - np.array(self.pivots)) / np.array(self.scales)
        return np.stack([(moved ** np.array(term)).prod(axis=1) for term in self.powers], axis=1)

    def parameters(self, values: FloatArray, covariance: FloatArray) -> Parameters:
        """Return the coefficients of the terms."""
        definition = {
            "powers": [list(term) for term in self.powers],
            "pivots": list(self.pivots),
            "scales": list(self.scales),
        }
        return Parameters(flushed(values), covariance, definition)


@dataclass(frozen=True)
class NaturalSpline:
    """A cubic spline of one variable that goes on straight beyond its ends.

    Parameters
    ----------
    knots
        Where its pieces meet.
    zero_at
        Where it is zero; None where its constant can be told.
    """

    knots: tuple[float, ...]
    zero_at: float | None = None

    form = "spline"

    def design(self, at: FloatArray) -> FloatArray:
        """Return the spline at the stars for a value of 1 at each knot in turn."""
        spline = self._cardinal()
        matrix: FloatArray = spline(at[:, 0])
        if self.zero_at is None:
            return matrix
        return np.asarray((matrix - spline(self.zero_at)) @ self._but_the_constant())

    def parameters(self, values: FloatArray, covariance: FloatArray) -> Parameters:
        """Return the coefficients of scipy's pieces, interval by interval, the cubic one first."""
        pieces = self._cardinal().c.transpose(1, 0, 2)  # intervals × powers × knots
        if self.zero_at is not None:
            pieces = pieces.copy()
            pieces[:, -1] -= self._cardinal()(self.zero_at)
            pieces = pieces @ self._but_the_constant()
        linear = pieces.reshape(-1, pieces.shape[-1])
        return Parameters(
            flushed(linear @ values),
            linear @ covariance @ linear.T,
            {"knots": list(self.knots)},
        )

    def _cardinal(self) -> CubicSpline:
        return CubicSpline(self.knots, np.eye(len(self.knots)), bc_type="natural")

    def _but_the_constant(self) -> FloatArray:
        """Return directions of knot values that, with a constant, make up all there are."""
        count = len(self.knots)
        return np.linalg.qr(np.column_stack([np.ones(count), np.eye(count)[:, 1:]]))[0][:, 1:]


def flushed(values: FloatArray) -> FloatArray:
    """Return values of which those too small to matter, with which SQL could underflow, are 0."""
    return np.where(np.abs(values) < SMALLEST, 0.0, values)


def all_terms(variables: int, degree: int) -> tuple[tuple[int, ...], ...]:
    """Return the powers of all terms up to a degree, the constant first.

    Examples
    --------
    >>> all_terms(2, 2)
    ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2))
    """
    terms = (
        chosen
        for total in range(degree + 1)
        for chosen in combinations_with_replacement(range(variables), total)
    )
    return tuple(tuple(chosen.count(i) for i in range(variables)) for chosen in terms)


def knots_between(low: float, high: float, values: FloatArray, count: int) -> tuple[float, ...]:
    """Return knots from end to end, those within so that like numbers of values lie between.

    Parameters
    ----------
    low, high
        The outer knots.
    values
        Of the sample; they are few where the curve cannot be told.
    count
        How many knots; fewer come out where values repeat.
    """
    inner: Sequence[float] = np.quantile(values, np.linspace(0, 1, count)[1:-1]).tolist()
    apart = (high - low) / (4 * count)
    kept = [low]
    for knot in inner:
        if knot - kept[-1] > apart and high - knot > apart:
            kept.append(knot)
    return (*kept, high)
