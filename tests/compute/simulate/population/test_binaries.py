"""Orbits obey Kepler, and companions are the fainter stars."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from starledger.compute.simulate.population.binaries import Companions, orbital_velocities
from starledger.compute.simulate.population.stars import Stars


def orbit(period: float, eccentricity: float, argument: float) -> Companions:
    """One binary with semi-amplitudes of 10 and 20 km/s."""
    values: dict[str, float | bool] = {one.name: 1.0 for one in fields(Companions)}
    values |= {"exists": True, "double_lined": True, "k1": 10.0, "k2": 20.0, "periastron": 5e4}
    values |= {"period": period, "eccentricity": eccentricity, "argument": argument}
    return Companions(**{name: np.array([value]) for name, value in values.items()})


@given(period=st.floats(0.5, 1e5), eccentricity=st.floats(0, 0.85), argument=st.floats(0, 6.28))
def test_a_full_orbit(period: float, eccentricity: float, argument: float) -> None:
    times = 5e4 + period * np.linspace(0.0, 1.0, 4001)
    speeds = orbital_velocities(orbit(period, eccentricity, argument), times[None, :])
    velocity = speeds.primary[0]
    assert np.ptp(velocity) == pytest.approx(20.0, rel=2e-3)
    assert np.mean(velocity[:-1]) == pytest.approx(0.0, abs=0.02)
    assert speeds.companion[0] == pytest.approx(-2 * velocity)
    assert velocity[0] == pytest.approx(velocity[-1], abs=0.01)


def test_shares(stars: Stars) -> None:
    companions = stars.companions
    assert companions.exists.mean() == pytest.approx(0.35, abs=0.015)
    assert 0.003 < companions.double_lined.mean() < 0.04
    assert not np.any(companions.double_lined & ~companions.exists)
    for one in fields(Companions):
        assert not np.any(getattr(companions, one.name)[~companions.exists])


def test_companions_are_lighter(stars: Stars) -> None:
    companions = stars.companions
    rows = companions.exists
    assert np.all(companions.mass[rows] <= stars.mass[rows])
    assert companions.k2[rows] == pytest.approx(companions.k1[rows] / companions.mass_ratio[rows])
    assert np.all(companions.flux_ratio[rows] > 0)
    assert np.mean(companions.flux_ratio[rows] < 1.0) > 0.99


def test_third_law(stars: Stars) -> None:
    rows = stars.companions.exists
    c = stars.companions.take(np.flatnonzero(rows))
    total = stars.mass[rows] + c.mass
    axis = np.cbrt(total * (c.period / 365.25) ** 2)
    assert np.all(axis / stars.distance[rows] < 2.01)
    assert np.all(axis * 215 * (1 - c.eccentricity) > 2.9 * stars.radius[rows])
    # An edge-on orbit would be the fastest.
    fastest = 29.785 * np.sqrt(total / axis) * c.mass / total / np.sqrt(1 - c.eccentricity**2)
    assert np.all(c.k1 <= fastest * 1.001)


def test_close_orbits_are_round(stars: Stars) -> None:
    c = stars.companions
    assert not np.any(c.eccentricity[c.exists & (c.period < 10)])
