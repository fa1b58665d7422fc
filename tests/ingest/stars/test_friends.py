from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from starledger.ingest.sky_motion import separations, unit_vectors
from starledger.ingest.stars.friends import centres, common, friends
from tests.ingest.sky_samples import crowded_sky, scattered

ARCSEC = 1 / 3600


def slow_friends(ra: np.ndarray, dec: np.ndarray, radius: float) -> list[set[int]]:
    """Return the groups as sets, found step by step."""
    vectors = unit_vectors(ra, dec)
    groups: list[set[int]] = []
    left = set(range(len(ra)))
    while left:
        group = coming = {left.pop()}
        while coming:
            near = {
                other
                for one in coming
                for other in left
                if separations(vectors[[one]], vectors[[other]])[0] <= radius
            }
            left -= near
            group = group | near
            coming = near
        groups.append(group)
    return groups


POINTS = st.lists(st.tuples(st.integers(0, 12), st.integers(-6, 6)), min_size=1, max_size=25)


@given(points=POINTS, pole=st.sampled_from([0.0, 45.0, 89.9995, -89.9995]))
@settings(max_examples=60)
def test_groups_hang_together(points: list[tuple[int, int]], pole: float) -> None:
    ra = np.array([(359.9985 + x * 1.3 * ARCSEC) % 360 for x, _ in points])
    dec = np.clip([pole + y * 1.3 * ARCSEC for _, y in points], -90, 90)
    group = friends(ra, dec, 2.0)
    found = {frozenset(np.flatnonzero(group == number).tolist()) for number in group}
    assert found == {frozenset(each) for each in slow_friends(ra, dec, 2.0)}


@given(seed=st.integers(0, 1000))
@settings(max_examples=20)
def test_order_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ra, dec = crowded_sky(300, rng)
    ra, dec = np.tile(ra, 3), np.tile(dec, 3)
    ra[300:600], dec[300:600] = scattered(ra[300:600], dec[300:600], 1.0, rng)
    order = rng.permutation(900)
    group, other = friends(ra, dec, 3.0), friends(ra[order], dec[order], 3.0)
    assert group[order].tolist() == other.tolist()
    here, there = centres(ra, dec, group), centres(ra[order], dec[order], other)
    assert here[0].tolist() == there[0].tolist()
    assert here[1].tolist() == there[1].tolist()


def test_a_star_of_one_spectrum_stands_where_its_spectrum_does() -> None:
    rng = np.random.default_rng(2)
    ra, dec = crowded_sky(200, rng)
    mean = centres(ra, dec, np.arange(200))
    assert mean[0].tolist() == ra.tolist()
    assert mean[1].tolist() == dec.tolist()


def test_the_centre_lies_between_across_right_ascension_0() -> None:
    ra, dec = centres(np.array([359.9999, 0.0003]), np.array([0.0, 0.0]), np.array([0, 0]))
    np.testing.assert_allclose(ra, 0.0001, atol=1e-12)
    np.testing.assert_allclose(dec, 0.0, atol=1e-12)


def test_an_epoch_is_known_where_all_agree() -> None:
    values = np.array([2000.0, 2000.0, np.nan, 2000.0, 1991.25])
    assert np.array_equal(
        common(values, np.array([0, 0, 1, 1, 2])), [2000.0, np.nan, 1991.25], equal_nan=True
    )


def test_nothing_has_no_groups() -> None:
    assert len(friends(np.zeros(0), np.zeros(0), 3.0)) == 0
    assert len(centres(np.zeros(0), np.zeros(0), np.zeros(0, int))[0]) == 0
