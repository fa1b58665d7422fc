"""What visits measured, row by row, made ready for the estimators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from starledger.catalog.combine.groups import Bools, Floats, Groups
from starledger.catalog.combine.packing import packed_diagonal, triangle


@dataclass(frozen=True, slots=True)
class Measured:
    """Values with their errors.

    Parameters
    ----------
    values, errors
        Rows × labels, each in its own unit; NaN where missing.
    covariance
        Packed, rows × n(n+1)/2; that of the errors alone in rows that had none.
    used
        Rows × labels: which values count.
    snr
        The weights of rows by their signal.
    """

    values: Floats
    errors: Floats
    covariance: Floats
    used: Bools
    snr: Floats

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.values)

    def rows(self, which: Bools) -> Self:
        """Return some of the rows."""
        return type(self)(
            *(getattr(self, name)[which] for name in self.__dataclass_fields__),
        )


def usable(values: Floats, errors: Floats, bad: Bools, stars: Groups) -> Bools:
    """Return which values count: those with an error and without bad flags.

    Where a star has none of a label, all with an error count: the flags then tell that it is bad.

    Examples
    --------
    >>> one = np.ones((3, 1))
    >>> stars = Groups.of(np.array([1, 1, 2]))
    >>> usable(one, one, np.array([[True], [False], [True]]), stars).ravel().tolist()
    [False, True, True]
    """
    there = np.isfinite(values) & np.isfinite(errors)
    clean = there & ~bad
    return clean | (there & ~stars.any(clean)[stars.of_rows])


def filled_covariance(covariance: Floats, errors: Floats, used: Bools) -> tuple[Floats, Bools]:
    """Return covariances, where missing those of the errors alone; and where they were missing.

    Parameters
    ----------
    covariance
        Packed; NaN where missing. Numbers of values that do not count may be missing.
    errors, used
        Rows × labels.
    """
    i, j = triangle(errors.shape[1])
    there = np.where(i == j, covariance > 0, np.isfinite(covariance))
    missing = np.any(~there & used[:, i] & used[:, j], axis=1)
    filled = covariance.copy()
    filled[missing] = packed_diagonal(errors[missing] ** 2)
    return filled, missing


def weights_by_signal(snr: Floats, snr_z: Floats, stars: Groups) -> Floats:
    """Return the S/N of each row: in the z band where all visits of the star have it.

    Where a visit of the star has neither, all its visits weigh the same.

    Examples
    --------
    >>> stars = Groups.of(np.array([1, 1, 2, 2]))
    >>> snr, z = np.array([10.0, 20.0, 30.0, np.nan]), np.array([15.0, np.nan, 4.0, 5.0])
    >>> weights_by_signal(snr, z, stars).tolist()
    [10.0, 20.0, 4.0, 5.0]
    """
    weight = np.ones(stars.n_rows)
    for signal in (snr, snr_z):
        given = ~stars.any(~(signal > 0))[stars.of_rows]
        weight = np.where(given, signal, weight)
    return weight
