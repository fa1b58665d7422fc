"""Symmetric matrices as lower triangles row by row, in batches."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

from starledger.catalog.combine.groups import Bools, Floats, Ints
from starledger.compute.fitters.covariance import covariance as inverse_of

_MOST_SHARED = 1e5
"""Where a label's variance is so many times what it would be if all others were known, the real
numbers of a covariance no longer say how they go together."""


@lru_cache
def triangle(n: int) -> tuple[Ints, Ints]:
    """Return row and column of each number of a packed matrix.

    Examples
    --------
    >>> [one.tolist() for one in triangle(2)]
    [[0, 1, 1], [0, 0, 1]]
    """
    return np.tril_indices(n)


@lru_cache
def diagonal(n: int) -> Ints:
    """Return where the diagonal is in a packed matrix."""
    along = np.arange(n)
    return along * (along + 3) // 2


def pairs(values: Floats) -> Floats:
    """Return the products of each row's values with each other, packed."""
    i, j = triangle(values.shape[1])
    return values[:, i] * values[:, j]


def packed_diagonal(values: Floats) -> Floats:
    """Return diagonal matrices."""
    rows, n = values.shape
    packed = np.zeros((rows, n * (n + 1) // 2))
    packed[:, diagonal(n)] = values
    return packed


def unpacked(packed: Floats, n: int) -> Floats:
    """Return whole matrices."""
    i, j = triangle(n)
    whole = np.empty((len(packed), n, n))
    whole[:, i, j] = packed
    whole[:, j, i] = packed
    return whole


def products(packed: Floats, values: Floats) -> Floats:
    """Return each matrix times its row of values."""
    whole = unpacked(packed, values.shape[1])
    product: Floats = np.matmul(whole, values[:, :, None])[:, :, 0]
    return product


def distances(packed: Floats, values: Floats) -> Floats:
    """Return the square of each row of values in the metric of its matrix."""
    i, j = triangle(values.shape[1])
    square: Floats = np.sum(packed * pairs(values) * np.where(i == j, 1.0, 2.0), axis=1)
    return square


def inverses(packed: Floats, used: Bools) -> tuple[Floats, Bools]:
    """Return the inverse of the used part of each matrix, 0 elsewhere; and which have none.

    Parameters
    ----------
    packed
        Positive definite matrices, in any units.
    used
        Matrices × rows: the others are left out.

    Examples
    --------
    >>> packed = np.array([[4.0, np.nan, np.nan], [1.0, 1.0, 1.0]])
    >>> inverse, without = inverses(packed, np.array([[True, False], [True, True]]))
    >>> inverse[0].tolist(), without.tolist()
    ([0.25, 0.0, 0.0], [False, True])
    """
    n = used.shape[1]
    i, j = triangle(n)
    both = used[:, i] & used[:, j]
    filled = np.where(both, packed, 0.0)
    filled[:, diagonal(n)] += ~used
    found, singular = inverse_of(torch.from_numpy(unpacked(filled, n)))
    inverse = np.where(both, found.numpy()[:, i, j], 0.0)
    shared = (inverse * filled)[:, diagonal(n)].max(axis=1, initial=0.0)
    return inverse, singular.numpy() | ~(shared < _MOST_SHARED)
