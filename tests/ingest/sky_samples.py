"""Positions on which crossmatches go wrong: crowds, poles, and right ascension 0."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from starledger.ingest.sky_motion import ARCSEC, moved_vectors, positions_of

Floats = NDArray[np.float64]


def crowded_sky(n: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return positions in degrees: a tenth at each pole, a tenth about 0 h, a crowd, the rest."""
    tenth = n // 10
    ra, dec = rng.uniform(0, 360, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))
    dec[:tenth] = 90 - np.abs(rng.normal(0, 0.05, tenth))
    dec[tenth : 2 * tenth] = -90 + np.abs(rng.normal(0, 0.05, tenth))
    ra[2 * tenth : 3 * tenth] = rng.normal(0, 0.002, tenth) % 360
    ra[3 * tenth : 4 * tenth] = rng.normal(150, 0.05, tenth)
    dec[3 * tenth : 4 * tenth] = rng.normal(2, 0.05, tenth)
    ra[0], dec[0] = 0.0, 90.0
    ra[tenth], dec[tenth] = 0.0, -90.0
    return np.where(ra >= 360, 0.0, ra), dec


def scattered(
    ra: Floats, dec: Floats, by: float, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return positions moved at random by some arcsec in each direction."""
    east, north = rng.normal(0, by * 1000, (2, len(ra)))
    moved = positions_of(moved_vectors(ra, dec, east, north, np.ones(len(ra))))
    assert by * ARCSEC < 1
    return moved.ra, moved.dec
