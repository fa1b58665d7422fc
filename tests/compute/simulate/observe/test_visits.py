from __future__ import annotations

import numpy as np
from astropy import units as u
from astropy.coordinates import SkyCoord, get_body_barycentric_posvel
from astropy.time import Time

from starledger.compute.simulate.observe.visits import earth_velocity


def test_earth_velocity_is_that_of_the_ephemeris() -> None:
    rng = np.random.default_rng(1)
    mjd = rng.uniform(55_000, 59_000, 200)
    ra, dec = rng.uniform(0, 360, 200), rng.uniform(-30, 80, 200)
    _, velocity = get_body_barycentric_posvel("earth", Time(mjd, format="mjd", scale="tdb"))
    towards = SkyCoord(ra, dec, unit="deg").cartesian
    exact = velocity.dot(towards).to_value(u.km / u.s)
    assert np.abs(earth_velocity(mjd, ra, dec) - exact).max() < 0.1
