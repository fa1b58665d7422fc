"""What errors leave out: the part that all visits of a star share, which repeats cannot show."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.stats import norm

from starledger.catalog.calibrate.bases import Basis
from starledger.catalog.calibrate.evidence import Evidence
from starledger.catalog.calibrate.formula import FloatArray
from starledger.catalog.calibrate.references import Reference
from starledger.catalog.calibrate.robust import (
    FARTHEST,
    LinearFit,
    NotDetermined,
    extra_scatter,
    spread,
)
from starledger.catalog.calibrate.source import Reading

QUADRATURE = "quadrature"
"""The word in a definition that says: the error is the root of its square and this one's."""
_FAR = 1.0
"""Differences of more errors than these count as if they were of so many: the error is that within
which 68 % lie, whatever the tails, which unresolved binaries make long."""
_INSIDE = 1.0 - 2.0 * norm.sf(_FAR)
_SQUARES = _INSIDE - 2.0 * _FAR * norm.pdf(_FAR)
_FOURTH = 3.0 * _SQUARES - 2.0 * _FAR**3 * norm.pdf(_FAR)
_MEAN = _SQUARES + _FAR**2 * (1.0 - _INSIDE)
"""Mean over a Gaussian of the squares so counted; above it the share of what is nearer, and the
means of its squares and fourth powers."""
_EFFICIENCY = 2.0 * _SQUARES**2 / (_FOURTH + _FAR**4 * (1.0 - _INSIDE) - _MEAN**2)
"""Of a width that is told so, among Gaussian differences: a half."""

_LEAST_START = 0.1
"""At zero the floor has no slope, and a search would stay there."""


@dataclass(frozen=True)
class ReferenceScatter:
    """The scatter about another catalog's labels, beyond the errors of both.

    Parameters
    ----------
    reference
        The catalog, whose errors are trusted and independent of ours.
    """

    reference: Reference

    has_constant = True

    def settings(self) -> dict[str, Any]:
        """Return what it is, for the record."""
        return {**asdict(self.reference), "kind": "scatter about a reference"}

    def collect(self, reading: Reading) -> Evidence:
        """Return for each star the reference value less its own, with the errors of both."""
        return self.reference.collect(reading)


def fit_floor(basis: Basis, evidence: Evidence) -> LinearFit:
    """Fit what must be added to errors in quadrature, that differences are as wide as they say.

    The likelihood of a Gaussian in which far differences count for less (Huber's second proposal).

    Parameters
    ----------
    basis
        Of the floor, constant included.
    evidence
        ``wanted`` holds differences that should be zero, and ``error`` what is known of them.

    Raises
    ------
    NotDetermined
        The members do not tell all terms.

    Examples
    --------
    >>> from starledger.catalog.calibrate.bases import Constant
    >>> rng = np.random.default_rng(1)
    >>> error = rng.uniform(0.02, 0.1, 4000)
    >>> wanted = np.hypot(error, 0.06) * rng.standard_normal(4000)
    >>> one = Evidence(star_id=np.arange(4000), at=np.zeros((4000, 1)), wanted=wanted, error=error)
    >>> floor = fit_floor(Constant(), one)
    >>> round(float(floor.values[0]), 2), bool(floor.covariance[0, 0] < 0.003**2)
    (0.06, True)
    """
    matrix = basis.design(evidence.at)
    if np.linalg.matrix_rank(matrix) < matrix.shape[1]:
        raise NotDetermined(
            "The sample does not tell all terms of the floor of the errors.",
            remedy="Take fewer variables or a lower degree.",
        )
    left = evidence.wanted
    # In units of what there is, all parameters are of the size of 1.
    unit = max(spread(left), float(np.median(evidence.error)))

    def cost(scaled: FloatArray) -> tuple[float, FloatArray]:
        floor = unit * (matrix @ scaled)
        sigma = np.hypot(evidence.error, floor)
        z = left / sigma
        slope = floor / sigma**2 * (1.0 - np.minimum(z**2, _FAR**2) / _MEAN)
        return float(np.sum(np.log(sigma) + _loss(z) / _MEAN)), unit * (matrix.T @ slope)

    constant = max(extra_scatter(left, evidence.error) / unit, _LEAST_START)
    start = np.linalg.lstsq(matrix, np.full(len(left), constant))[0]
    found = minimize(cost, start, jac=True, method="BFGS")
    values = unit * found.x
    values = values if np.median(matrix @ values) >= 0 else -values
    sigma = np.hypot(evidence.error, matrix @ values)
    slope = matrix * ((matrix @ values) / sigma**2)[:, None]
    covariance = np.linalg.pinv(2.0 * _EFFICIENCY * slope.T @ slope)
    return LinearFit(values, covariance, 0.0, int((np.abs(left) > FARTHEST * sigma).sum()))


def _loss(z: FloatArray) -> FloatArray:
    """Return half the square, and beyond `_FAR` what grows as the logarithm."""
    size = np.abs(z)
    beyond = _FAR**2 * (0.5 + np.log(np.maximum(size, _FAR) / _FAR))
    return np.where(size < _FAR, 0.5 * size**2, beyond)


def validated_floor(basis: Basis, fit: LinearFit, evidence: Evidence) -> dict[str, Any]:
    """Return how wide held-out differences are in units of the errors, before and after."""
    if not len(evidence):
        return {"members": 0}
    floor = np.maximum(basis.design(evidence.at) @ fit.values, 0.0)
    return {
        "members": len(evidence),
        "before": {"pull_width": spread(evidence.wanted / evidence.error)},
        "after": {"pull_width": spread(evidence.wanted / np.hypot(evidence.error, floor))},
    }
