from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from starledger.ingest.crossmatch.sweep import overlapping
from starledger.ingest.sky_motion import Floats


@dataclass(frozen=True)
class Band:
    dec: Floats


BANDS = st.tuples(st.lists(st.integers(-90, 90), max_size=30), st.integers(1, 7))


def bands_of(decs: list[int], size: int) -> list[Band]:
    ordered = np.sort(np.array(decs, float))
    return [Band(ordered[first : first + size]) for first in range(0, len(ordered), size)]


@given(left=BANDS, right=BANDS, margin=st.integers(0, 10))
def test_bands_that_come_near_meet_once(
    left: tuple[list[int], int], right: tuple[list[int], int], margin: int
) -> None:
    lefts, rights = bands_of(*left), bands_of(*right)
    met = [(id(a), id(b)) for a, b in overlapping(iter(lefts), iter(rights), margin)]
    assert len(set(met)) == len(met)
    must = {
        (id(a), id(b))
        for a in lefts
        for b in rights
        if a.dec[0] <= b.dec[-1] + margin and b.dec[0] <= a.dec[-1] + margin
    }
    assert must <= set(met)


def test_few_bands_are_held() -> None:
    held: set[int] = set()

    class Counted(Band):
        def __init__(self, dec: Floats) -> None:
            super().__init__(dec)
            held.add(id(self))
            most.append(len(held))

        def __del__(self) -> None:
            held.discard(id(self))

    most: list[int] = []
    whole, cap = (-90, 90), (60, 90)
    for first, second in ((whole, cap), (cap, whole), (whole, whole)):
        left, right = (
            (Counted(np.array([dec, dec + 1.0])) for dec in range(*ends))
            for ends in (first, second)
        )
        assert sum(1 for _ in overlapping(left, right, 0.5)) >= 30
    assert max(most) < 12
