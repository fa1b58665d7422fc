"""Made-up visits in memory, and the formulas of one star written out at length."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from starledger.catalog.combine.groups import Floats, Groups
from starledger.catalog.combine.measured import Measured, usable
from starledger.catalog.combine.packing import triangle
from starledger.catalog.combine.settings import Estimator
from starledger.catalog.combine.visits import Visits


def covariances(rng: np.random.Generator, rows: int, scale: Floats) -> Floats:
    """Return covariances of rows with errors of about some scale, packed."""
    n = len(scale)
    mixed = rng.normal(size=(rows, n, n)) + np.eye(n)
    product = mixed @ mixed.transpose(0, 2, 1) + 0.3 * np.eye(n)
    sigma = scale * rng.uniform(0.5, 2.0, (rows, n))
    own = np.sqrt(np.diagonal(product, axis1=1, axis2=2))
    whole = product / own[:, :, None] / own[:, None, :] * sigma[:, :, None] * sigma[:, None, :]
    i, j = triangle(n)
    return np.asarray(whole[:, i, j])


def unpack(packed: Floats, n: int) -> Floats:
    """Return one matrix."""
    matrix = np.zeros((n, n))
    matrix[np.tril_indices(n)] = packed
    return matrix + np.tril(matrix, -1).T


def drawn(rng: np.random.Generator, truth: Floats, packed: Floats) -> Floats:
    """Return a row of values for each covariance, scattered as it says."""
    n = len(truth)
    return np.array([rng.multivariate_normal(truth, unpack(one, n)) for one in packed])


def visits_of(star: NDArray[Any], labels: Floats, covariance: Floats, **more: Any) -> Visits:
    """Return visits, each of a night of its own unless told."""
    rows, n = labels.shape
    errors = np.sqrt(covariance[:, np.arange(n) * (np.arange(n) + 3) // 2])
    columns: dict[str, Any] = {
        "star_id": np.asarray(star, np.int64),
        "spectrum_id": np.arange(100, 100 + rows),
        "clean": np.ones(rows, np.bool_),
        "double_lined": np.zeros(rows, np.bool_),
        "night": np.arange(rows),
        "snr": np.full(rows, 30.0),
        "snr_z": np.full(rows, np.nan),
        "rv": np.full(rows, np.nan),
        "err_rv": np.full(rows, np.nan),
        "topocentric": np.zeros(rows, np.bool_),
        "label_flags": np.zeros((rows, n), np.int64),
        "labels": labels,
        "errors": errors,
        "covariance": covariance,
    }
    return Visits(**columns | more)


def measured(visits: Visits, stars: Groups) -> Measured:
    """Return what visits measured of the labels."""
    none = np.zeros(visits.labels.shape, np.bool_)
    counting = usable(visits.labels, visits.errors, none, stars)
    return Measured(visits.labels, visits.errors, visits.covariance, counting, visits.snr)


def of_one_star(how: Estimator, visits: Visits) -> tuple[Floats, Floats]:
    """Return values and covariance of a star by the textbook, visit after visit.

    A value that is NaN tells nothing: by the whole covariance, what the others tell of it counts.
    """
    n = visits.labels.shape[1]
    matrices = [unpack(one, n) for one in visits.covariance]
    there = np.isfinite(visits.labels)
    if how is Estimator.INVERSE_VARIANCE:
        design = [np.eye(n)[row] for row in there]
        y = np.concatenate([x[row] for x, row in zip(visits.labels, there, strict=True)])
        big = np.zeros((len(y), len(y)))
        at = 0
        for matrix, row in zip(matrices, there, strict=True):
            size = int(row.sum())
            big[at : at + size, at : at + size] = matrix[np.ix_(row, row)]
            at += size
        a = np.vstack(design)
        weight = np.linalg.inv(big)
        covariance = np.linalg.inv(a.T @ weight @ a)
        return np.asarray(covariance @ a.T @ weight @ y), np.asarray(covariance, np.float64)
    if how is Estimator.SNR:
        weights = np.where(there, visits.snr[:, None], 0.0)
    else:
        weights = np.where(there, visits.errors**-2.0, 0.0)
    weights = weights / weights.sum(axis=0)
    values = np.sum(weights * np.nan_to_num(visits.labels), axis=0)
    covariance = np.zeros((n, n))
    for w, matrix in zip(weights, matrices, strict=True):
        covariance += np.outer(w, w) * np.nan_to_num(matrix)
    return values, covariance
