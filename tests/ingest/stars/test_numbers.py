from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from starledger.ingest.stars.numbers import Overlap, kept_numbers

SHARES = st.dictionaries(
    st.tuples(st.integers(0, 6), st.integers(1, 6)), st.integers(1, 4), max_size=15
)


def overlaps(shares: dict[tuple[int, int], int]) -> list[Overlap]:
    return [
        Overlap(group, star, n, 10 * group + star) for (group, star), n in sorted(shares.items())
    ]


@given(shares=SHARES, seed=st.integers(0, 2**32))
def test_each_number_stays_with_one_group_whatever_the_order(
    shares: dict[tuple[int, int], int], seed: int
) -> None:
    given_ = overlaps(shares)
    kept = kept_numbers(given_)
    assert len(set(kept.values())) == len(kept)
    assert all((group, star) in shares for group, star in kept.items())
    shuffled = [given_[place] for place in np.random.default_rng(seed).permutation(len(given_))]
    assert kept_numbers(shuffled) == kept
    for group, star in shares:
        assert group in kept or star in kept.values()


def test_the_larger_share_keeps_the_number() -> None:
    assert kept_numbers(overlaps({(1, 7): 2, (2, 7): 5})) == {2: 7}
    assert kept_numbers(overlaps({(1, 7): 3, (1, 8): 4})) == {1: 8}


def test_equal_shares_are_decided_by_the_smallest_number() -> None:
    assert kept_numbers(overlaps({(1, 7): 3, (1, 5): 3})) == {1: 5}
    assert kept_numbers(overlaps({(2, 7): 3, (1, 7): 3})) == {1: 7}


def test_a_group_takes_the_next_number_where_its_first_is_taken() -> None:
    assert kept_numbers(overlaps({(1, 7): 5, (2, 7): 3, (2, 8): 2})) == {1: 7, 2: 8}
