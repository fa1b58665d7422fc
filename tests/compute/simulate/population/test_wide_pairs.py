"""The stars of a wide pair share birth and motion, not place and mass."""

from __future__ import annotations

import numpy as np
import pytest

from starledger.compute.simulate.population.stars import Stars
from starledger.compute.synthesis.labels import ABUNDANCE_LABELS


def pairs(stars: Stars) -> tuple[np.ndarray, np.ndarray]:
    """Rows of both stars of each pair, once."""
    first = np.flatnonzero(stars.wide_partner > stars.number)
    return first, stars.wide_partner[first]


def test_partners_point_at_one_another(stars: Stars) -> None:
    has = stars.wide_partner >= 0
    assert np.mean(has) == pytest.approx(0.1, abs=0.002)
    assert np.array_equal(stars.wide_partner[stars.wide_partner[has]], stars.number[has])
    assert not np.any(stars.wide_partner == stars.number)


def test_they_share_birth(stars: Stars) -> None:
    one, other = pairs(stars)
    for column in (
        stars.birth,
        stars.age,
        stars.distance,
        stars.parallax,
        stars.a_v,
        stars.component,
    ):
        assert np.array_equal(column[one], column[other])
    for name in {"fe_h", *ABUNDANCE_LABELS} - {"li_fe", "c_fe", "n_fe", "na_fe"}:
        assert np.array_equal(stars.label(name)[one], stars.label(name)[other])


def test_others_do_not(stars: Stars) -> None:
    field = stars.cluster < 0
    assert np.unique(stars.birth[field]).size == field.sum() - len(pairs(stars)[0])


def test_separations(stars: Stars) -> None:
    one, other = pairs(stars)
    east = (stars.ra[one] - stars.ra[other] + 180) % 360 - 180
    apart = 3600 * np.hypot(
        east * np.cos(np.radians(stars.dec[one])), stars.dec[one] - stars.dec[other]
    )
    assert apart.min() > 1.95
    assert apart.max() < 182
    assert (apart * stars.distance[one]).max() < 20_100
    assert np.mean(apart > 10) > 0.15


def test_they_move_together(stars: Stars) -> None:
    one, other = pairs(stars)
    difference = np.hypot(
        stars.pmra[one] - stars.pmra[other], stars.pmdec[one] - stars.pmdec[other]
    )
    speed = 4.74 * difference * stars.distance[one] / 1000
    assert np.median(speed) < 1.0
    assert speed.max() < 6.0
    assert np.abs(stars.rv[one] - stars.rv[other]).max() < 6.0


def test_they_differ_in_brightness(stars: Stars) -> None:
    one, other = pairs(stars)
    difference = np.abs(stars.magnitude("g")[one] - stars.magnitude("g")[other])
    assert np.median(difference) > 0.5
    assert difference.max() > 4
