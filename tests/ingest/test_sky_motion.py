from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from starledger.ingest.sky_motion import (
    moved_vectors,
    positions_of,
    propagated,
    separations,
    unit_vectors,
)

RA = st.floats(0, 360, exclude_max=True)
DEC = st.floats(-90, 90)
MOTION = st.floats(-11_000, 11_000)
YEARS = st.floats(-25, 25)
MAS = 1e-3


@given(ra=RA, dec=st.floats(-89.99, 89.99), pmra=MOTION, pmdec=MOTION, years=YEARS)
@settings(max_examples=200)
def test_motion_is_that_of_astropy(
    ra: float, dec: float, pmra: float, pmdec: float, years: float
) -> None:
    start = SkyCoord(
        [ra] * u.deg,
        [dec] * u.deg,
        distance=[2.0] * u.pc,
        pm_ra_cosdec=[pmra] * u.mas / u.yr,
        pm_dec=[pmdec] * u.mas / u.yr,
        radial_velocity=[0.0] * u.km / u.s,
    )
    there = start.apply_space_motion(dt=years * u.yr)
    moved = moved_vectors([ra], [dec], [pmra], [pmdec], [years])
    apart = separations(moved, unit_vectors(there.ra.deg, there.dec.deg))[0]
    # Beside rounding, astropy lets light from where the star has gone take longer; the faster
    # a star, the more.
    speed = np.hypot(pmra, pmdec) / 1000
    assert apart < 0.1 * MAS * max(1.0, speed * abs(years) / 10)


@given(ra=RA, dec=DEC, pmra=MOTION, pmdec=MOTION, years=YEARS)
@settings(max_examples=300)
def test_a_star_goes_as_far_as_its_motion_says(
    ra: float, dec: float, pmra: float, pmdec: float, years: float
) -> None:
    before = unit_vectors([ra], [dec])
    after = moved_vectors([ra], [dec], [pmra], [pmdec], [years])
    way = np.hypot(pmra, pmdec) * abs(years) / 1000
    assert separations(before, after)[0] == pytest.approx(way, rel=1e-4, abs=1e-8)
    assert np.linalg.norm(after) == pytest.approx(1.0, abs=1e-12)
    position = positions_of(after)
    assert 0 <= position.ra[0] < 360
    assert -90 <= position.dec[0] <= 90
    assert separations(unit_vectors(*position), after)[0] < 1e-8


@pytest.mark.parametrize(
    ("pmra", "pmdec", "years"),
    [(np.nan, 5.0, 10.0), (5.0, np.nan, 10.0), (5.0, 5.0, np.nan), (0.0, 0.0, 10.0)],
)
def test_what_does_not_say_how_it_moves_stays(pmra: float, pmdec: float, years: float) -> None:
    moved = moved_vectors([10.0, 20.0], [5.0, 6.0], [pmra, 100.0], [pmdec, 0.0], [years, 10.0])
    start = unit_vectors([10.0, 20.0], [5.0, 6.0])
    assert moved[0].tolist() == start[0].tolist()
    assert separations(moved, start)[1] == pytest.approx(1.0)


def test_a_star_goes_over_the_pole() -> None:
    over = propagated([30.0], [90.0 - 1 / 3600], [0.0], [1000.0], [3.0])
    assert over.ra[0] == pytest.approx(210.0)
    assert (90 - over.dec[0]) * 3600 == pytest.approx(2.0)


@given(ra=RA, dec=DEC, distance=st.floats(1e-6, 1e5), towards=RA)
@settings(max_examples=200)
def test_separations_are_those_of_astropy(
    ra: float, dec: float, distance: float, towards: float
) -> None:
    here = SkyCoord([ra], [dec], unit="deg")
    there = here.directional_offset_by(towards * u.deg, distance * u.arcsec)
    ours = separations(unit_vectors([ra], [dec]), unit_vectors(there.ra.deg, there.dec.deg))[0]
    assert ours == pytest.approx(here.separation(there).arcsec[0], abs=1e-7)


def test_antipodes_are_half_a_turn_apart() -> None:
    apart = separations(unit_vectors([0.0], [90.0]), unit_vectors([0.0], [-90.0]))
    assert apart[0] == pytest.approx(180 * 3600)
