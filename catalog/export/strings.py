"""Arrays of text as NumPy sees them: the bytes of all, and where each one ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Strings:
    """An array of text.

    Parameters
    ----------
    data
        The bytes of all texts, one after the other.
    lengths
        How many bytes each has; none, where it is null.
    valid
        Which are not null.
    """

    data: np.ndarray[Any, Any]
    lengths: np.ndarray[Any, Any]
    valid: np.ndarray[Any, Any]

    @classmethod
    def of(cls, array: pa.Array) -> Strings:
        """Return an array of text of Arrow as one of ours.

        Examples
        --------
        >>> Strings.of(pa.array(["ab", None, "c"])).lengths
        array([2, 0, 1], dtype=int32)
        """
        valid = array.is_valid().to_numpy(zero_copy_only=False)
        # Filling nulls also leaves out the bytes that may lie behind them.
        filled = array.fill_null("") if array.null_count else array
        _, offsets, data = filled.buffers()
        ends = np.frombuffer(offsets, np.int32)[filled.offset : filled.offset + len(filled) + 1]
        said = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
        first, last = (ends[0], ends[-1]) if len(ends) else (0, 0)
        return cls(said[first:last], np.diff(ends), valid)

    @property
    def ends(self) -> np.ndarray[Any, Any]:
        """Where each text ends among the bytes."""
        return np.cumsum(self.lengths, dtype=np.int64)

    def matrix(self, width: int) -> np.ndarray[Any, Any]:
        """Return the texts as rows of bytes of one width, filled up with null bytes."""
        rows = np.zeros((len(self.lengths), width), np.uint8)
        rows[np.arange(width) < self.lengths[:, None]] = self.data
        return rows
