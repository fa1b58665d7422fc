"""Lots: visits that are always fitted together, so that a fit is the same to the last bit.

Sums of products are rounded in an order that depends on how many spectra are in a batch, and on
which place. So what shares a lot is claimed together, read together and fitted together, whoever
was killed meanwhile. A lot is what a fit run planned of some neighbouring rows of a shard.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LOT_BITS = 7
LOT = 1 << LOT_BITS
"""Rows of a shard whose visits share a lot: as many as are fitted at once on a CPU."""


def lengths(shard_ids: NDArray[np.int64], shard_rows: NDArray[np.int64]) -> list[int]:
    """Return how many visits each lot has, of visits in the order of their pixels.

    Examples
    --------
    >>> lengths(np.array([1, 1, 1, 2]), np.array([5, 127, 128, 129]))
    [2, 1, 1]
    """
    if not len(shard_rows):
        return []
    lot = shard_rows >> LOT_BITS
    last = np.flatnonzero((np.diff(lot) != 0) | (np.diff(shard_ids) != 0))
    return [int(length) for length in np.diff([-1, *last, len(lot) - 1])]
