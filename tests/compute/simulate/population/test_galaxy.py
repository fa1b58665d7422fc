"""Positions and motions agree with astropy's."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from starledger.compute.simulate.population.galaxy import (
    CIRCULAR_SPEED,
    SUN_MOTION,
    place_in_galaxy,
    seen_motion,
    to_galactic,
)

RA = st.floats(0, 359.999)
DEC = st.floats(-89.0, 89.0)


@given(ra=RA, dec=DEC)
def test_galactic_directions(ra: float, dec: float) -> None:
    expected = SkyCoord(ra, dec, unit="deg").galactic.cartesian.xyz.value
    assert to_galactic(np.array([ra]), np.array([dec]))[:, 0] == pytest.approx(expected, abs=1e-6)


def test_place_of_the_sun() -> None:
    radius, height, azimuth = place_in_galaxy(*np.array([[10.0], [20.0], [0.0]]))
    assert (radius[0], height[0], azimuth[0]) == (8.0, 0.025, 0.0)


@given(ra=RA, dec=DEC, kpc=st.floats(0.05, 10.0))
def test_motion_seen(ra: float, dec: float, kpc: float) -> None:
    where = np.array([ra]), np.array([dec]), np.array([1000 * kpc])
    seen = seen_motion(*where, *np.array([[30.0], [CIRCULAR_SPEED - 20.0], [-15.0]]))
    azimuth = place_in_galaxy(*where)[2][0]
    along, out = CIRCULAR_SPEED - 20.0, 30.0
    galactic = SkyCoord(ra, dec, unit="deg").galactic
    moving = SkyCoord(
        ra * u.deg,
        dec * u.deg,
        kpc * u.kpc,
        pm_ra_cosdec=seen.pmra[0] * u.mas / u.yr,
        pm_dec=seen.pmdec[0] * u.mas / u.yr,
        radial_velocity=seen.rv[0] * u.km / u.s,
    ).galactic
    velocity = moving.velocity.d_xyz.to_value("km/s") + SUN_MOTION
    velocity[1] += CIRCULAR_SPEED
    expected = [
        along * np.sin(azimuth) - out * np.cos(azimuth),
        along * np.cos(azimuth) + out * np.sin(azimuth),
        -15.0,
    ]
    assert galactic.l.deg == pytest.approx(moving.l.deg)
    assert velocity == pytest.approx(expected, abs=0.01)
