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
        hashes = _hashes(ids)
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


def _hashes(ids: pa.Array) -> Hashes:
    """Return a hash of each text, the same in whatever batch it stands."""
    words = _padded(ids, 8).view(np.uint64)
    hashes = np.full(len(ids), 0x9E3779B97F4A7C15, np.uint64)
    for word in words.T:
        # Words of zeros, with which short texts are filled up, must change nothing.
        mixed = (hashes ^ word) * np.uint64(0xFF51AFD7ED558CCD)
        hashes = np.where(word == 0, hashes, mixed ^ (mixed >> np.uint64(32)))
    return hashes.view(np.int64)


def _padded(texts: pa.Array, multiple: int) -> NDArray[np.uint8]:
    """Return the bytes of texts, one in a row, filled up with zeros.

    Parameters
    ----------
    texts
        Without nulls, or whose nulls hold no bytes.
    multiple
        Rows are as wide as the longest text, rounded up to this.
    """
    offsets = np.zeros(1, np.int32)
    if len(texts):
        _, places, content = texts.buffers()
        offsets = np.frombuffer(places, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    lengths = np.diff(offsets)
    width = -(-int(lengths.max(initial=0)) // multiple) * multiple
    padded = np.zeros((len(texts), width), np.uint8)
    if width:
        # Boolean indices are met row by row, which is the order in which the texts lie.
        kept = np.arange(width, dtype=np.int32) < lengths[:, None]
        padded[kept] = np.frombuffer(content, np.uint8)[offsets[0] : offsets[-1]]
    return padded
