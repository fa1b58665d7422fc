"""Scaling of errors: how much wider repeats scatter than their errors tell (Xiang et al. 2019)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import lstsq
from scipy.stats import norm

from starledger.catalog.calibrate.bases import Polynomial
from starledger.catalog.calibrate.evidence import Evidence
from starledger.catalog.calibrate.formula import FloatArray
from starledger.catalog.calibrate.robust import FARTHEST, LinearFit, NotDetermined, spread
from starledger.catalog.calibrate.validation import bins_of

ONE_SIGMA, TWO_SIGMA = (float(2.0 * norm.cdf(sigmas) - 1.0) for sigmas in (1.0, 2.0))
"""Shares of a Gaussian within one and two standard deviations."""
CUT = 2.0
MEAN_SIZE = float(2.0 * (norm.pdf(0.0) - norm.pdf(CUT)) + 2.0 * CUT * norm.sf(CUT))
"""Mean absolute value of a Gaussian of width 1, where what is farther than `CUT` counts as that."""
_VARIANCE = 0.653
"""Of a width that is fitted so, over that of the width squared, times their number."""
LEAST = 0.1
"""No error becomes less than a tenth of what it was."""
_ROUNDS = 20


def fit_scale(basis: Polynomial, evidence: Evidence) -> LinearFit:
    """Fit the factor of the errors, given differences of repeats in units of their errors.

    The absolute value of a Gaussian difference, cut off at two widths, is on average 0.78 of its
    width, so that the width is the regression of these values, weighted by what it says itself.
    Repeats have longer tails than a Gaussian, which without the cut would give most stars errors
    that are too large.

    Parameters
    ----------
    basis
        Of the factor, constant included.
    evidence
        ``wanted`` holds the differences of repeats in units of their combined errors.

    Raises
    ------
    NotDetermined
        The members do not tell all terms.
    """
    matrix = basis.design(evidence.at)
    if np.linalg.matrix_rank(matrix) < matrix.shape[1]:
        raise NotDetermined(
            "The repeats do not tell all terms of the factor of the errors.",
            remedy="Take fewer variables or a lower degree.",
        )
    size = np.abs(evidence.wanted)
    scale = np.full(len(size), max(float(np.quantile(size, ONE_SIGMA)), LEAST))
    values = np.zeros(matrix.shape[1])
    for _ in range(_ROUNDS):
        typical = np.minimum(size / scale, CUT) / MEAN_SIZE
        values = lstsq(matrix / scale[:, None], typical)[0]
        scale = np.maximum(matrix @ values, LEAST)
    weighted = matrix / scale[:, None]
    covariance = _VARIANCE * np.linalg.pinv(weighted.T @ weighted)
    return LinearFit(values, covariance, 0.0, int((size > FARTHEST * scale).sum()))


def factors(basis: Polynomial, fit: LinearFit, evidence: Evidence) -> FloatArray:
    """Return the factors of the errors of members."""
    return np.maximum(basis.design(evidence.at) @ fit.values, LEAST)


def validated_scale(basis: Polynomial, fit: LinearFit, evidence: Evidence) -> dict[str, Any]:
    """Return how wide held-out differences are in units of their errors, before and after.

    ``farthest`` is the width, among bins of the first variable, that is farthest from 1; within
    ``one_sigma`` lie 68.27 % of all, and within twice ``two_sigma`` 95.45 %.
    """
    if not len(evidence):
        return {"members": 0}
    at = evidence.at[:, 0]
    return {
        "members": len(evidence),
        "before": _widths(evidence.wanted, at),
        "after": _widths(evidence.wanted / factors(basis, fit, evidence), at),
    }


def _widths(pulls: FloatArray, at: FloatArray) -> dict[str, float]:
    widths = [spread(pulls[rows]) for rows in bins_of(at)]
    one, two = np.quantile(np.abs(pulls), [ONE_SIGMA, TWO_SIGMA])
    return {
        "pull_width": spread(pulls),
        "one_sigma": float(one),
        "two_sigma": float(two / 2.0),
        "farthest": max(widths, key=lambda width: abs(width - 1.0)),
    }
