"""Where stars stand at other epochs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from starledger.compute.simulate.population.stars import Stars

Floats = NDArray[np.float64]
TRUTH_EPOCH = 2016.0
_MAS_PER_DEGREE = 3.6e6


class Positions(NamedTuple):
    """Right ascensions and declinations in degrees."""

    ra: Floats
    dec: Floats


def positions_at(stars: Stars, epoch: float) -> Positions:
    """Return positions at an epoch (Julian year), moved along great circles.

    Examples
    --------
    >>> from starledger.compute.simulate.population.truth import draw_stars
    >>> stars = draw_stars(50, seed=1)
    >>> moved = positions_at(stars, 2000.0)
    >>> north = (stars.dec - moved.dec) * 3.6e6 / 16
    >>> bool(np.abs(north - stars.pmdec).max() < 0.01 * np.abs(stars.pmdec).max())
    True
    """
    years = epoch - TRUTH_EPOCH
    alpha, delta = np.radians(stars.ra), np.radians(stars.dec)
    east, north = (np.radians(m * years / _MAS_PER_DEGREE) for m in (stars.pmra, stars.pmdec))
    along = np.cos(delta) - north * np.sin(delta)
    x = along * np.cos(alpha) - east * np.sin(alpha)
    y = along * np.sin(alpha) + east * np.cos(alpha)
    z = np.sin(delta) + north * np.cos(delta)
    return Positions(
        np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))
    )
