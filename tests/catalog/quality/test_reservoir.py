from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from starledger.catalog.quality.reservoir import Reservoir, hashes


@given(
    cells=st.lists(st.integers(0, 3), min_size=1, max_size=300),
    most=st.integers(1, 20),
    seed=st.integers(0, 99),
)
def test_the_same_rows_stay_in_whatever_order_and_parts_they_come(
    cells: list[int], most: int, seed: int
) -> None:
    where = np.array(cells)
    values = np.arange(len(cells))[:, None].astype(float)
    whole = Reservoir(most)
    whole.add(where, values)
    order = np.random.default_rng(seed).permutation(len(cells))
    parts = Reservoir(most)
    for some in np.array_split(order, 5):
        parts.add(where[some], values[some])
        parts.rows()
    for one, other in zip(whole.rows(), parts.rows(), strict=True):
        assert np.array_equal(one, other)
    kept, _ = whole.rows()
    assert np.bincount(kept, minlength=4).tolist() == [
        min(most, cells.count(cell)) for cell in range(4)
    ]


def test_it_stays_small_however_many_come() -> None:
    kept = Reservoir(10)
    for first in range(0, 200_000, 1000):
        numbers = np.arange(first, first + 1000)
        kept.add(numbers % 2, numbers[:, None].astype(float))
        assert sum(len(part[0]) for part in kept._parts) <= 5 * 4096
    assert len(kept.rows()[0]) == 20


def test_an_empty_one_has_no_rows() -> None:
    kept = Reservoir(3)
    kept.add(np.empty(0, np.int64), np.empty((0, 2)))
    assert len(kept.rows()[0]) == 0


def test_rows_alike_have_hashes_that_are_not() -> None:
    values = np.column_stack([np.full(10_000, 5000.0), np.arange(10_000) / 1000])
    found = hashes(values)
    assert len(np.unique(found)) == 10_000
    assert 4800 < int((found >> np.uint64(63)).sum()) < 5200
    assert not np.isin(hashes(values[:, ::-1]), found).any()
