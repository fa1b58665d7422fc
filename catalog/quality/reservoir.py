"""A sample of the sample: so many rows of each cell, whatever the order in which they come."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from starledger.catalog.quality.batches import Floats, Ids

_Hashes = NDArray[np.uint64]

_ROOM = 4
"""Rows are thinned when they are so many times as many as were left the last time."""
_LEAST_ROWS = 4096


class Reservoir:
    """Keeps at most so many rows of each cell, chosen by a hash of their values.

    The choice depends on the values alone: the same sample in any order leaves the same rows,
    whatever numbers the ledger gave them.

    Parameters
    ----------
    most
        Rows of a cell.

    Examples
    --------
    >>> kept = Reservoir(2)
    >>> kept.add(np.array([0, 0, 0]), np.array([[1.0], [2.0], [3.0]]))
    >>> kept.rows()[1].shape
    (2, 1)
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._parts: list[tuple[_Hashes, Ids, Floats]] = []
        self._waiting = self._left = 0

    def add(self, cells: Ids, values: Floats) -> None:
        """Take rows in: the cell of each, and rows × values."""
        if not len(cells):
            return
        self._parts.append((hashes(values), cells.astype(np.int64), values))
        self._waiting += len(cells)
        if self._waiting > _ROOM * max(self._left, _LEAST_ROWS):
            self._thin()

    def rows(self) -> tuple[Ids, Floats]:
        """Return the cells and values of the rows that were kept, in an order of their own."""
        if not self._parts:
            return np.empty(0, np.int64), np.empty((0, 0))
        self._thin()
        _, cells, values = self._parts[0]
        return cells, values

    def _thin(self) -> None:
        keys, cells, values = (
            np.concatenate(columns) for columns in zip(*self._parts, strict=True)
        )
        order = np.lexsort((keys, cells))
        keys, cells, values = keys[order], cells[order], values[order]
        first = np.searchsorted(cells, cells, side="left")
        kept = np.arange(len(cells)) - first < self._most
        self._parts = [(keys[kept], cells[kept], values[kept])]
        self._waiting = self._left = int(kept.sum())


def hashes(values: Floats) -> _Hashes:
    """Return a hash of each of rows × values: rows that are alike have hashes that are not."""
    found = np.zeros(len(values), np.uint64)
    for column in np.ascontiguousarray(values.T, np.float64).view(np.uint64):
        found = _mixed(found ^ column)
    return found


def _mixed(numbers: _Hashes) -> _Hashes:
    """Return SplitMix64 of each number."""
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)), np.uint64)
