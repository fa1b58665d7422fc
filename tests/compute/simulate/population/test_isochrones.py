"""Isochrones have the Sun, the turn-off, the giant branch and the clump where they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from starledger.compute.simulate.population.isochrones import (
    Phase,
    StellarPoint,
    age_along,
    giant_temperature,
    isochrone,
    mass_at,
    total_metallicity,
)
from starledger.compute.simulate.population.tracks import Array


def stars_of(age: float, fe_h: float, low: float, high: float, count: int = 400) -> StellarPoint:
    """Return an isochrone from one place of the tracks to another."""
    places = np.linspace(low, high, count)
    mass = mass_at(np.array(age), total_metallicity(np.array(fe_h)), places)
    return isochrone(np.full(count, age), np.full(count, fe_h), mass)


def main_sequence(age: float, fe_h: float) -> tuple[Array, StellarPoint]:
    """Masses and looks from 0.5 solar masses to the turn-off."""
    top = mass_at(np.array(age), np.array(fe_h), np.array([1.0]))[0]
    mass = np.linspace(0.5, top * 0.9999, 400)
    return mass, isochrone(np.full(400, age), np.full(400, fe_h), mass)


def test_sun() -> None:
    sun = isochrone(np.array([4.6]), np.array([0.0]), np.array([1.0]))
    assert sun.teff[0] == pytest.approx(5772, abs=25)
    assert sun.logg[0] == pytest.approx(4.44, abs=0.01)
    assert sun.luminosity[0] == pytest.approx(1.0, abs=0.02)
    assert sun.radius[0] == pytest.approx(1.0, abs=0.01)


def test_turn_off_of_m67() -> None:
    mass, stars = main_sequence(4.0, 0.0)
    hottest = stars.teff.argmax()
    assert stars.teff[hottest] == pytest.approx(6130, abs=80)
    assert stars.logg[hottest] == pytest.approx(4.15, abs=0.12)
    assert mass[hottest] == pytest.approx(1.22, abs=0.06)


def test_turn_off_of_an_old_poor_cluster_is_hot() -> None:
    _, stars = main_sequence(12.5, -2.2)
    # M92 turns off at some 6550 K, log g 4.1.
    assert stars.teff.max() == pytest.approx(6550, abs=120)


def test_red_clump() -> None:
    clump = stars_of(5.0, 0.0, 3.001, 3.999)
    assert set(clump.phase.tolist()) == {Phase.RED_CLUMP}
    assert np.mean(clump.logg) == pytest.approx(2.47, abs=0.06)
    assert np.mean(clump.teff) == pytest.approx(4780, abs=60)


def test_slope_of_the_giant_branch() -> None:
    branch = stars_of(5.0, 0.0, 2.001, 2.9)
    slope = np.polyfit(branch.logg, branch.teff, 1)[0]
    assert slope == pytest.approx(490, abs=60)
    poor = giant_temperature(np.array(2.5), np.array(-1.0), np.array(1.0))
    rich = giant_temperature(np.array(2.5), np.array(0.0), np.array(1.0))
    assert poor - rich == pytest.approx(320, abs=30)


def test_older_is_cooler_at_the_turn_off() -> None:
    hottest = [main_sequence(age, 0.0)[1].teff.max() for age in (1.0, 2.0, 4.0, 8.0, 12.0)]
    assert np.all(np.diff(hottest) < 0)


def test_tracks_are_smooth_up_to_the_tip() -> None:
    age = np.linspace(0.1, 12.2, 4000)
    star = isochrone(age, np.zeros(4000), np.ones(4000))
    alive = star.phase <= Phase.GIANT_BRANCH
    before_branch = star.phase <= Phase.SUBGIANT
    assert np.abs(np.diff(star.teff[before_branch])).max() < 10
    assert np.all(np.diff(star.luminosity[alive]) > -1e-9)


def test_what_has_burnt_its_helium_is_a_remnant() -> None:
    star = isochrone(np.array([13.0]), np.array([0.0]), np.array([2.0]))
    assert star.phase[0] == Phase.REMNANT


@given(age=st.floats(0.1, 13.0), fe_h=st.floats(-2.5, 0.5), mass=st.floats(0.2, 5.0))
def test_radius_temperature_and_gravity_agree(age: float, fe_h: float, mass: float) -> None:
    star = isochrone(np.array([age]), np.array([fe_h]), np.array([mass]), 0.1)
    assert star.luminosity[0] == pytest.approx(star.radius[0] ** 2 * (star.teff[0] / 5772) ** 4)
    assert star.logg[0] == pytest.approx(4.438 + np.log10(mass / star.radius[0] ** 2))
    assert 2000 < star.teff[0] < 30_000


@given(age=st.floats(0.15, 13.0), m_h=st.floats(-2.3, 0.4), place=st.floats(1.0, 3.99))
def test_masses_and_ages_undo_one_another(age: float, m_h: float, place: float) -> None:
    at = np.array([place])
    mass = mass_at(np.array([age]), np.array([m_h]), at)
    assert age_along(mass, np.array([m_h]), at).age[0] == pytest.approx(age, rel=2e-3)
