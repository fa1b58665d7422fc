"""A calibration as a curve: its correction, and how well it is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from starledger.catalog.calibrate.correction import correction, variables
from starledger.catalog.calibrate.forms import Calibration
from starledger.catalog.calibrate.formula import FloatArray


def corrections_at(calibration: Calibration, at: FloatArray) -> FloatArray:
    """Return what a calibration adds, or multiplies errors by, for stars of its population.

    Parameters
    ----------
    calibration
        The calibration.
    at
        Its variables, stars × variables, each in its own unit.

    Examples
    --------
    >>> trend = Calibration(7, "trend", 1, "mg_fe", "label", "all", "polynomial", ("teff",),
    ...     "raw", 1, (0.02, 0.0), {"pivots": [5000.0], "scales": [1000.0]}, 4000.0, 7000.0)
    >>> corrections_at(trend, np.array([[3000.0], [6000.0]]))
    array([-0.02,  0.02])
    """
    everyone = replace(calibration, population="all")
    names = tuple(f"at_{name}" for name in everyone.variables)
    columns = {name: at[:, i] for i, name in enumerate(names)}
    with np.errstate(all="ignore"):
        for name, formula in variables(everyone, names):
            columns[name] = formula.over(columns)
        return np.array(np.broadcast_to(correction(everyone, names).over(columns), len(at)))


def errors_at(calibration: Calibration, covariance: FloatArray, at: FloatArray) -> FloatArray:
    """Return the standard errors of those corrections, by the covariance of the coefficients.

    Parameters
    ----------
    calibration
        The calibration.
    covariance
        Of its coefficients: lower triangle row by row.
    at
        Its variables, stars × variables.
    """
    count = len(calibration.coefficients)
    plain = replace(
        calibration,
        definition={
            name: value for name, value in calibration.definition.items() if name != "least"
        },
    )
    # What is linear in its coefficients changes with each as it is with that one alone.
    slopes = np.stack(
        [
            corrections_at(replace(plain, coefficients=tuple(np.eye(count)[i])), at)
            for i in range(count)
        ]
    )
    whole = np.zeros((count, count))
    whole[np.tril_indices(count)] = covariance
    whole = whole + np.tril(whole, -1).T
    variance = np.einsum("in,ij,jn->n", slopes, whole, slopes)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def middle_of(calibration: Calibration) -> FloatArray:
    """Return the middle of the range of each variable; 0 where it has none."""
    ends = [calibration.ranges.get(name, (None, None)) for name in calibration.variables]
    middles = [((low or 0.0) + (high or 0.0)) / 2.0 for low, high in ends]
    return np.array(middles or [0.0])


def ends_of(calibration: Calibration) -> tuple[float, float]:
    """Return the range in the first variable, or one of width 2 about the middle."""
    first = calibration.variables[0] if calibration.variables else ""
    low, high = calibration.ranges.get(first, (None, None))
    middle = float(middle_of(calibration)[0])
    return (middle - 1.0 if low is None else low), (middle + 1.0 if high is None else high)
