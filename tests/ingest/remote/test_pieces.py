from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starledger.ingest.remote.pieces import (
    IdList,
    KeyRange,
    Piece,
    PositionList,
    cut_evenly,
    cut_ids,
    cut_positions,
)

KEYS = st.integers(-(2**63), 2**63 - 1)
POSITIONS = st.lists(st.tuples(st.floats(0, 359.9), st.floats(-90, 90)), min_size=1, max_size=60)


@st.composite
def ranges(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Return increasing ranges that do not overlap."""
    ends = sorted(draw(st.sets(st.integers(0, 2**62), min_size=2, max_size=40)))
    return list(zip(ends[0::2], ends[1::2], strict=False))


@given(ranges(), st.integers(1, 200))
def test_ranges_are_cut_without_gap(covered: list[tuple[int, int]], pieces: int) -> None:
    cut = cut_evenly(covered, pieces)
    assert (cut[0].first, cut[-1].last) == (covered[0][0], covered[-1][1])
    assert all(a.last + 1 == b.first for a, b in itertools.pairwise(cut))
    assert all(piece.first <= piece.last for piece in cut)
    held = [sum(max(0, min(p.last, b) - max(p.first, a) + 1) for a, b in covered) for p in cut]
    assert max(held) - min(held) <= 1
    assert len(cut) == min(pieces, sum(held))


@given(KEYS, KEYS)
def test_halves_of_a_range_are_the_range(one: int, other: int) -> None:
    whole = KeyRange(min(one, other), max(one, other))
    halves = whole.halves()
    if halves is None:
        assert whole.first == whole.last
        return
    low, high = halves
    assert isinstance(low, KeyRange)
    assert isinstance(high, KeyRange)
    assert (low.first, low.last + 1, high.last) == (whole.first, high.first, whole.last)
    sizes = [half.last - half.first + 1 for half in (low, high)]
    assert min(sizes) >= 1
    assert abs(sizes[0] - sizes[1]) <= 1


@given(KEYS, st.integers(0, 2**62))
def test_any_key_is_reached_in_63_cuts(key: int, width: int) -> None:
    piece: Piece = KeyRange(max(key - width, -(2**63)), min(key + width, 2**63 - 1))
    cuts = 0
    while halves := piece.halves():
        cuts += 1
        (piece,) = (half for half in halves if half.first <= key <= half.last)  # type: ignore[attr-defined]
    assert piece == KeyRange(key, key)
    assert cuts <= 64


@given(st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=300), st.integers(1, 50))
def test_ids_are_each_in_one_piece(ids: list[int], at_most: int) -> None:
    pieces = cut_ids("source_id", np.array(ids, np.int64), at_most)
    found = np.concatenate([piece.ids for piece in pieces]).tolist()
    assert found == sorted(set(ids))
    assert max(piece.size for piece in pieces) <= at_most
    for piece in pieces:
        if halves := piece.halves():
            assert sum(half.size for half in halves) == piece.size


@settings(deadline=None)  # the first one imports scipy
@given(POSITIONS, st.floats(1e-4, 40), st.integers(1, 20))
def test_circles_of_two_pieces_do_not_overlap(
    places: list[tuple[float, float]], radius: float, at_most: int
) -> None:
    ra, dec = (np.array(one) for one in zip(*places, strict=True))
    pieces = cut_positions(ra, dec, radius, at_most)
    found = [place for piece in pieces for place in zip(piece.ra, piece.dec, strict=True)]
    assert sorted(found) == sorted({(a + 0.0, d + 0.0) for a, d in places})
    for one in pieces:
        assert one.size <= at_most or one.halves() is None
        for other in pieces:
            if one is not other:
                assert nearest(one, other) > 2 * radius * (1 - 1e-6)


def nearest(one: PositionList, other: PositionList) -> float:
    """Return the least angle between positions of two lists, in degrees."""
    lat = np.radians(one.dec)[:, None], np.radians(other.dec)[None]
    lon = np.radians(one.ra)[:, None] - np.radians(other.ra)[None]
    half = (
        np.sin((lat[0] - lat[1]) / 2) ** 2 + np.cos(lat[0]) * np.cos(lat[1]) * np.sin(lon / 2) ** 2
    )
    return float(np.degrees(2 * np.arcsin(np.sqrt(np.clip(half, 0, 1)))).min())


def test_the_order_of_a_list_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    ra, dec = rng.uniform(0, 360, 500), rng.uniform(-90, 90, 500)
    mixed = rng.permutation(500)
    one = cut_positions(ra, dec, 0.5, 20)
    other = cut_positions(ra[mixed], dec[mixed], 0.5, 20)
    assert [piece.told() for piece in one] == [piece.told() for piece in other]


@pytest.mark.parametrize(
    "piece",
    [
        KeyRange(5, 5),
        IdList("source_id", np.array([7])),
        PositionList(np.zeros(2), np.zeros(2), np.zeros(2, np.int64), 1.0),
    ],
)
def test_what_cannot_be_cut_says_so(piece: Piece) -> None:
    assert piece.halves() is None
