"""Scaling of errors: how much wider repeats scatter than their errors tell (Xiang et al. 2019)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import lstsq

from starledger.catalog.calibrate.bases import Polynomial
from starledger.catalog.calibrate.evidence import Evidence
from starledger.catalog.calibrate.formula import FloatArray
from starledger.catalog.calibrate.robust import FARTHEST, LinearFit, NotDetermined, spread
from starledger.catalog.calibrate.validation import bins_of

MEAN_ABSOLUTE = np.sqrt(2.0 / np.pi)
"""Mean absolute value of a Gaussian of width 1."""
LEAST = 0.1
"""No error becomes less than a tenth of what it was."""
_ROUNDS = 20


def fit_scale(basis: Polynomial, evidence: Evidence) -> LinearFit:
    """Fit the factor of the errors, given differences of repeats in units of their errors.

    The absolute value of a Gaussian difference is on average 0.80 of its width, so that the width
    is the regression of the absolute values, weighted by what it says itself; differences beyond
    four widths are left out.

    Parameters
    ----------
    basis
        Of the factor, constant included.
    evidence
        ``wanted`` holds the differences of repeats in units of their combined errors.

    Raises
    ------
    NotDetermined
        The members do not tell all parameters.
    """
    matrix = basis.design(evidence.at)
    if np.linalg.matrix_rank(matrix) < matrix.shape[1]:
        raise NotDetermined(
            "The repeats do not tell all terms of the factor of the errors.",
            remedy="Take fewer variables or a lower degree.",
        )
    size = np.abs(evidence.wanted)
    scale = np.full(len(size), max(spread(evidence.wanted), LEAST))
    values, kept = np.zeros(matrix.shape[1]), np.ones(len(size), bool)
    for _ in range(_ROUNDS):
        kept = size < FARTHEST * scale
        weighted = matrix[kept] / scale[kept, None]
        values = lstsq(weighted, size[kept] / MEAN_ABSOLUTE / scale[kept])[0]
        scale = np.maximum(matrix @ values, LEAST)
    weighted = matrix[kept] / scale[kept, None]
    # The absolute value of a Gaussian has the variance π/2 − 1 in units of its squared mean.
    covariance = (np.pi / 2 - 1) * np.linalg.pinv(weighted.T @ weighted)
    return LinearFit(values, covariance, 0.0, int((~kept).sum()))


def factors(basis: Polynomial, fit: LinearFit, evidence: Evidence) -> FloatArray:
    """Return the factors of the errors of members."""
    return np.maximum(basis.design(evidence.at) @ fit.values, LEAST)


def validated_scale(basis: Polynomial, fit: LinearFit, evidence: Evidence) -> dict[str, Any]:
    """Return how wide held-out differences are in units of their errors, before and after.

    ``farthest`` is the width, among bins of the first variable, that is farthest from 1.
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
    return {
        "pull_width": spread(pulls),
        "farthest": max(widths, key=lambda width: abs(width - 1.0)),
    }
