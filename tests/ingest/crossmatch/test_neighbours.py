"""Pairs are all those, and only those, that comparing every row with every other finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from starledger.ingest.crossmatch.comparison import (
    Comparison,
    Motions,
    compared_at,
    compared_where_published,
    farthest_shift,
)
from starledger.ingest.crossmatch.neighbours import blocks_of, neighbours, paired
from starledger.ingest.crossmatch.rows import PlacedRows
from tests.ingest.sky_samples import crowded_sky, scattered

EPOCHS = np.array([1991.25, 2000.0, 2000.0, 2015.5, np.nan])


def rows_of(
    ra: NDArray[np.float64], dec: NDArray[np.float64], rng: np.random.Generator, speed: float
) -> PlacedRows:
    """Return rows of many epochs, some of which do not move, some very fast (mas/yr)."""
    n = len(ra)
    pmra, pmdec = rng.normal(0, speed, (2, n)) * rng.choice([0.0, 1.0, 1.0, 30.0, np.nan], n)
    return PlacedRows(
        np.arange(n), ra, dec, rng.choice(EPOCHS, n), pmra, pmdec, rng.uniform(5, 20, n)
    )


def motions_of(rows: PlacedRows) -> Motions:
    dated = rows.epoch[~np.isnan(rows.epoch)]
    return Motions(
        int((rows.speed > 0).sum()),
        len(rows) - len(dated),
        float(dated.min()),
        float(dated.max()),
        float(rows.speed.max()),
    )


def found_by_all(
    left: PlacedRows, right: PlacedRows, radius: float, comparison: Comparison
) -> dict[tuple[int, int], tuple[float, float]]:
    i, j = (part.ravel() for part in np.indices((len(left), len(right))))
    pairs = paired(left.take(i), right.take(j), comparison)
    near = pairs.separation <= radius
    keys = zip(pairs.left[near].tolist(), pairs.right[near].tolist(), strict=True)
    values = zip(pairs.separation[near].tolist(), pairs.epoch[near].tolist(), strict=True)
    return dict(zip(keys, values, strict=True))


@given(
    seed=st.integers(0, 10**6),
    size=st.sampled_from([7, 40, 1000]),
    speeds=st.sampled_from([(0.0, 40.0), (40.0, 0.0), (40.0, 40.0), (0.0, 0.0)]),
    epoch=st.sampled_from([None, None, 2016.0, 1900.0]),
    radius=st.sampled_from([1.0, 5.0, 60.0]),
)
@settings(max_examples=80)
def test_pairs_are_those_of_comparing_all(
    seed: int, size: int, speeds: tuple[float, float], epoch: float | None, radius: float
) -> None:
    rng = np.random.default_rng(seed)
    sky = crowded_sky(150, rng)
    left = rows_of(*sky, rng, speeds[0])
    right = rows_of(*scattered(*sky, radius / 2, rng), rng, speeds[1])
    about = motions_of(left), motions_of(right)
    comparison = compared_where_published(*about) if epoch is None else compared_at(epoch)
    margin = sum(farthest_shift(each, comparison) for each in about)
    found = list(
        neighbours(blocks_of(left, size), blocks_of(right, size), radius, comparison, margin)
    )
    got = {
        (i, j): (separation, at)
        for pairs in found
        for i, j, separation, at in zip(
            pairs.left.tolist(), pairs.right.tolist(), pairs.separation, pairs.epoch, strict=True
        )
    }
    expected = found_by_all(left, right, radius, comparison)
    assert got.keys() == expected.keys()
    assert sum(len(pairs.left) for pairs in found) == len(expected)
    np.testing.assert_array_equal(
        [got[pair] for pair in expected], [expected[pair] for pair in expected]
    )


def test_the_side_that_does_not_move_tells_the_epoch() -> None:
    still = Motions(0, 0, 2000.0, 2000.0, 0.0)
    moving = Motions(5, 0, 2016.0, 2016.0, 10.0)
    for sides, stays, at in (
        ((still, moving), "left", 2000.0),
        ((moving, still), "right", 2000.0),
        ((moving, moving), "right", 2016.0),
        ((still, still), "right", 2000.0),
    ):
        comparison = compared_where_published(*sides)
        assert (comparison.stays, comparison.middle) == (stays, at)
    assert farthest_shift(moving, compared_where_published(still, moving)) == 160.0
    assert farthest_shift(still, compared_where_published(still, moving)) == 0.0


def test_rows_without_epoch_are_compared_at_that_of_the_others() -> None:
    undated = Motions(0, 3, None, None, 0.0)
    gaia = Motions(5, 0, 2016.0, 2016.0, 10.0)
    comparison = compared_where_published(undated, gaia)
    assert (comparison.first, comparison.last) == (2016.0, 2016.0)
    assert np.isnan(compared_where_published(undated, undated).middle)
    assert farthest_shift(gaia, compared_where_published(gaia, undated)) == 0.0


@pytest.mark.parametrize("radius", [2.0, 2.0000001, 1.9999999])
def test_the_rim_is_within(radius: float) -> None:
    one, nan = np.array([1]), np.array([np.nan])
    left, right = (
        PlacedRows(one, np.array([10.0]), np.array([dec]), nan, nan, nan, nan)
        for dec in (0.0, 2.0 / 3600)
    )
    found = list(neighbours(iter([left]), iter([right]), radius, compared_at(2000.0)))
    exact = paired(left, right, compared_at(2000.0)).separation[0]
    assert len(found) == int(exact <= radius)
