"""Identifiers that came in already: which of a batch's rows repeat one, in little memory."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Hashes = NDArray[np.int64]


class SeenIds:
    """The identifiers of a file, or several, as 64-bit hashes in sorted runs.

    Two identifiers of one hash are told to be repeated though they are not; whoever asks must look
    closer at what is told to be repeated.

    Examples
    --------
    >>> seen = SeenIds()
    >>> seen.repeated(pa.array(["a", "b", "a"])).tolist()
    [False, False, True]
    >>> seen.repeated(pa.array(["b", "c"])).tolist()
    [True, False]
    """

    def __init__(self) -> None:
        self._runs: list[Hashes] = []

    def copy(self) -> SeenIds:
        """Return another one that knows the same, and goes its own way from here."""
        other = SeenIds()
        other._runs = list(self._runs)
        return other

    def repeated(self, ids: pa.Array) -> NDArray[np.bool_]:
        """Return which identifiers came before, in this batch or an earlier one, and keep all."""
        hashes = np.fromiter(map(hash, ids.to_pylist()), np.int64, len(ids))
        fresh, first = np.unique(hashes, return_index=True)
        again = np.ones(len(hashes), np.bool_)
        again[first] = False
        for run in self._runs:
            place = np.minimum(np.searchsorted(run, hashes), len(run) - 1)
            again |= run[place] == hashes
        self._keep(fresh)
        return again

    def _keep(self, fresh: Hashes) -> None:
        """Add a run, merging those that are no longer than it, so that few runs are left."""
        if not len(fresh):
            return
        while self._runs and len(self._runs[-1]) <= 2 * len(fresh):
            fresh = np.concatenate((self._runs.pop(), fresh))
            fresh.sort()
        self._runs.append(fresh)
