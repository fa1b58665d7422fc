"""The components of the Galaxy differ as they do in the sky."""

from __future__ import annotations

import numpy as np
import pytest

from starledger.compute.simulate.population.galaxy import CIRCULAR_SPEED, place_in_galaxy
from starledger.compute.simulate.population.population import NoSuchStars, field_stars
from starledger.compute.simulate.population.selection import Selection
from starledger.compute.simulate.population.stars import Stars


def test_metallicities_and_ages(stars: Stars) -> None:
    for name, fe_h, age in (("thin", 0.0, 4.0), ("thick", -0.56, 10.2), ("halo", -1.38, 11.6)):
        rows = stars.component == name
        assert np.median(stars.label("fe_h")[rows]) == pytest.approx(fe_h, abs=0.1)
        assert np.median(stars.age[rows]) == pytest.approx(age, abs=0.8)


def test_heights_above_the_plane(stars: Stars) -> None:
    height = np.abs(place_in_galaxy(stars.ra, stars.dec, stars.distance)[1])
    medians = [np.median(height[stars.component == name]) for name in ("thin", "thick", "halo")]
    assert medians[0] < 0.6 * medians[1]
    assert medians[1] < 0.6 * medians[2]


def test_velocities(stars: Stars) -> None:
    spread = [stars.rv[stars.component == name].std() for name in ("thin", "thick", "halo")]
    assert spread[0] == pytest.approx(34, abs=8)
    assert spread[1] == pytest.approx(60, abs=10)
    assert 120 < spread[2] < 200


def test_halo_does_not_rotate() -> None:
    drawn = field_stars(3000, np.random.default_rng(2), shares={"halo": 1.0})
    # The pole of the equator is near l = 123, b = 27: around it a star at rest comes at us with
    # three quarters of our own speed.
    near = drawn.dec > 53.0
    assert drawn.rv[near].mean() == pytest.approx(-0.75 * CIRCULAR_SPEED, abs=40)


def test_older_thin_disk_is_hotter(stars: Stars) -> None:
    thin = stars.component == "thin"
    speed = 4.74 * np.hypot(stars.pmra, stars.pmdec) * stars.distance / 1000
    assert np.median(speed[thin & (stars.age > 7)]) > 1.3 * np.median(speed[thin & (stars.age < 2)])


def test_metallicity_falls_outward(stars: Stars) -> None:
    thin = stars.component == "thin"
    radius = place_in_galaxy(stars.ra[thin], stars.dec[thin], stars.distance[thin])[0]
    slope = np.polyfit(radius, stars.label("fe_h")[thin], 1)[0]
    assert slope == pytest.approx(-0.06, abs=0.025)


def test_what_the_survey_takes() -> None:
    limits = Selection(bright=10.0, faint=14.0, south=0.0, north=30.0)
    drawn = field_stars(500, np.random.default_rng(0), limits)
    assert len(drawn) == 500
    assert drawn.dec.min() >= 0.0
    assert drawn.dec.max() <= 30.0


def test_impossible_limits_are_told() -> None:
    with pytest.raises(NoSuchStars, match="Widen the limits"):
        field_stars(10, np.random.default_rng(0), Selection(teff=(9000.0, 9001.0)))
