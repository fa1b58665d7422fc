"""The landmarks of the tracks are those of published models."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from starledger.compute.simulate.population.tracks import landmarks


def test_mass_and_luminosity_of_the_main_sequence() -> None:
    mass = np.array([0.5, 0.7, 1.0, 1.5, 2.0])
    slope = np.gradient(np.log(landmarks(mass, np.zeros(5)).zams_luminosity), np.log(mass))
    assert np.all((slope > 3.0) & (slope < 5.5))
    assert slope[2] == pytest.approx(4.6, abs=0.5)


@pytest.mark.parametrize(("mass", "lifetime"), [(1.0, 11.0), (1.5, 2.7), (2.0, 1.15), (5.0, 0.1)])
def test_lifetimes(mass: float, lifetime: float) -> None:
    # Schaller et al. (1992) have 9.8, 2.7, 1.12 and 0.094 Gyr.
    age = landmarks(np.array([mass]), np.zeros(1)).turn_off_age[0]
    assert age == pytest.approx(lifetime, rel=0.1)


def test_giants_of_low_mass_have_the_same_tip_and_clump() -> None:
    marks = landmarks(np.linspace(0.8, 1.7, 10), np.zeros(10))
    assert np.ptp(np.log10(marks.tip_luminosity)) < 0.05
    assert np.log10(marks.tip_luminosity[0]) == pytest.approx(3.4, abs=0.1)
    assert np.ptp(np.log10(marks.clump_luminosity)) < 0.05


@given(mass=st.floats(0.1, 6.0), m_h=st.floats(-2.6, 0.6))
def test_ages_and_luminosities_are_in_order(mass: float, m_h: float) -> None:
    marks = landmarks(np.array([mass]), np.array([m_h]))
    assert 0 < marks.turn_off_age < marks.base_age < marks.tip_age < marks.end_age
    assert 0 < marks.zams_luminosity < marks.turn_off_luminosity
    assert marks.base_luminosity < marks.tip_luminosity
    assert all(np.isfinite(column).all() for column in marks)
