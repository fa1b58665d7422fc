"""Linear fits that outliers do not pull, with the scatter that the errors do not tell of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, least_squares
from scipy.stats import median_abs_deviation

from starledger.catalog.calibrate.bases import Basis
from starledger.catalog.calibrate.evidence import Evidence
from starledger.catalog.calibrate.formula import BoolArray, FloatArray
from starledger.schema.errors import StarledgerError

HUBER = 1.345
"""Normalised residuals beyond this pull with constant force."""
EFFICIENCY = 0.95
"""Of Huber's loss with that constant, among Gaussian residuals."""
FARTHEST = 4.0
"""What lies farther, in standard deviations, is left out in the end."""
_ROUNDS = 4


class NotDetermined(StarledgerError):
    """The sample does not tell the parameters of the correction."""


@dataclass(frozen=True)
class LinearFit:
    """Parameters of a correction.

    Parameters
    ----------
    values, covariance
        Of the parameters.
    scatter
        Standard deviation, beyond the errors, of what is wanted about the curve.
    outliers
        How many members were left out in the end.
    """

    values: FloatArray
    covariance: FloatArray
    scatter: float
    outliers: int


def spread(values: FloatArray) -> float:
    """Return the standard deviation of what is Gaussian but for outliers.

    Examples
    --------
    >>> round(spread(np.array([-1.0, 0.0, 1.0, 500.0])), 2)
    1.48
    """
    return float(median_abs_deviation(values, scale="normal")) if len(values) else np.nan


def matrix_of(basis: Basis, evidence: Evidence) -> FloatArray:
    """Return what each parameter adds to what is wanted of each member."""
    matrix = basis.design(evidence.at)
    if evidence.partner_at is not None:
        matrix = matrix - basis.design(evidence.partner_at)
    if evidence.group is not None:
        # A column for each group's own constant, which nobody asks for afterwards.
        groups = np.unique(evidence.group)
        matrix = np.hstack([matrix, (evidence.group[:, None] == groups).astype(float)])
    return matrix


def fit_linear(basis: Basis, evidence: Evidence) -> LinearFit:
    """Fit a correction to what is wanted, by Huber's loss and without far outliers in the end.

    Raises
    ------
    NotDetermined
        The members do not tell all parameters.
    """
    matrix = matrix_of(basis, evidence)
    if np.linalg.matrix_rank(matrix) < matrix.shape[1]:
        raise NotDetermined(
            "The sample does not tell all parameters of the correction: its members stand at too"
            " few values of the variables.",
            remedy="Take fewer knots or a lower degree, or a larger sample.",
        )
    kept = np.ones(len(evidence), bool)
    scatter = 0.0
    values = np.zeros(matrix.shape[1])
    for _ in range(_ROUNDS):
        sigma = np.hypot(evidence.error, scatter)
        values = _huber(matrix[kept], evidence.wanted[kept], sigma[kept], values)
        residual = evidence.wanted - matrix @ values
        scatter = extra_scatter(residual[kept], evidence.error[kept])
        kept = _near(residual / np.hypot(evidence.error, scatter), matrix)
    weighted = matrix[kept] / np.hypot(evidence.error, scatter)[kept, None]
    own = len(basis.design(evidence.at[:1])[0])
    covariance = np.asarray(np.linalg.pinv(weighted.T @ weighted)[:own, :own]) / EFFICIENCY
    return LinearFit(values[:own], covariance, scatter, int((~kept).sum()))


def _huber(
    matrix: FloatArray, wanted: FloatArray, sigma: FloatArray, start: FloatArray
) -> FloatArray:
    weighted, target = matrix / sigma[:, None], wanted / sigma
    found = least_squares(
        lambda values: weighted @ values - target,
        start,
        jac=lambda _values: weighted,
        loss="huber",
        f_scale=HUBER,
        x_scale="jac",
    )
    return np.asarray(found.x)


def _near(pull: FloatArray, matrix: FloatArray) -> BoolArray:
    """Return which members are no outliers; all, where the others would not be enough."""
    near = np.abs(pull) < FARTHEST
    return near if near.sum() > 2 * matrix.shape[1] else np.ones(len(pull), bool)


def extra_scatter(residual: FloatArray, error: FloatArray) -> float:
    """Return the scatter that, added to the errors, makes residuals as wide as they are."""

    def excess(scatter: float) -> float:
        return spread(residual / np.hypot(error, scatter)) - 1.0

    if excess(0.0) <= 0:
        return 0.0
    return float(brentq(excess, 0.0, 100.0 * (np.abs(residual).max() + error.max()), rtol=1e-6))
