"""Groups of neighbouring rows: a star's visits, a night's visits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Groups:
    """Where each group begins among rows that are in the order of their groups.

    Parameters
    ----------
    starts
        The first row of each group.
    n_rows
        Of all groups together.

    Examples
    --------
    >>> groups = Groups.of(np.array([7, 7, 9]))
    >>> groups.counts.tolist(), groups.of_rows.tolist()
    ([2, 1], [0, 0, 1])
    >>> groups.sum(np.array([1.0, 2.0, 5.0])).tolist()
    [3.0, 5.0]
    """

    starts: Ints
    n_rows: int

    @classmethod
    def of(cls, *keys: NDArray[Any]) -> Self:
        """Return the groups of rows that share all keys; equal keys must be neighbours."""
        rows = len(keys[0])
        first = np.zeros(rows, np.bool_)
        first[:1] = True
        for key in keys:
            first[1:] |= key[1:] != key[:-1]
        return cls(np.flatnonzero(first), rows)

    def __len__(self) -> int:
        """Return how many groups there are."""
        return len(self.starts)

    @property
    def counts(self) -> Ints:
        """How many rows each group has."""
        return np.diff(self.starts, append=self.n_rows)

    @property
    def of_rows(self) -> Ints:
        """The number of each row's group, from 0."""
        return np.repeat(np.arange(len(self)), self.counts)

    def sum(self, values: Floats) -> Floats:
        """Return the sum of each group's rows."""
        return self._reduced(np.add, values)

    def any(self, values: Bools) -> Bools:
        """Return whether a value is true in any row of each group."""
        return self._reduced(np.logical_or, values)

    def union(self, bits: NDArray[Any]) -> NDArray[Any]:
        """Return the bits that are set in any row of each group."""
        return self._reduced(np.bitwise_or, bits)

    def first(self, wanted: Bools) -> Ints:
        """Return the first row of each group where something is true; `n_rows` where nowhere."""
        places = np.arange(self.n_rows).reshape(-1, *[1] * (wanted.ndim - 1))
        return self._reduced(np.minimum, np.where(wanted, places, self.n_rows))

    def _reduced(self, how: np.ufunc, values: NDArray[Any]) -> NDArray[Any]:
        if not len(self):
            return values[:0]
        reduced: NDArray[Any] = how.reduceat(values, self.starts, axis=0)
        return reduced
