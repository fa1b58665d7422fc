"""Where simulated stars stand at other epochs."""

from __future__ import annotations

import numpy as np

from starledger.compute.simulate.population.stars import Stars
from starledger.ingest.sky_motion import Positions, propagated

TRUTH_EPOCH = 2016.0


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
    years = np.full(len(stars), epoch - TRUTH_EPOCH)
    return propagated(stars.ra, stars.dec, stars.pmra, stars.pmdec, years)
