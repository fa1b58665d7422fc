"""Extinction by a smooth disk of dust."""

from __future__ import annotations

import numpy as np

from starledger.compute.simulate.population.galaxy import SUN_HEIGHT, SUN_RADIUS, to_galactic
from starledger.compute.simulate.population.tracks import Array

LOCAL_EXTINCTION = 0.8
"""A_V of a kpc in the plane near the Sun, in mag."""

SCALE_HEIGHT = 0.12
"""Scale height of the dust in kpc."""

SCALE_LENGTH = 3.2
"""Scale length of the dust in kpc."""


def extinction(ra: Array, dec: Array, distance: Array) -> Array:
    """Return A_V in mag of a disk that thins exponentially with height and radius.

    Parameters
    ----------
    ra, dec
        ICRS, in degrees.
    distance
        In pc.

    Examples
    --------
    >>> pole = extinction(np.array([192.86]), np.array([27.13]), np.array([5000.0]))
    >>> 0.05 < float(pole[0]) < 0.12
    True
    """
    toward = to_galactic(ra, dec)
    nodes, weights = np.polynomial.legendre.leggauss(24)
    # Steps that grow with distance follow the thin layer near the Sun and the far disk alike.
    share = ((nodes + 1) / 2) ** 2
    length = weights * (nodes + 1) / 2
    reach = distance / 1000.0
    total = np.zeros(reach.shape)
    for step, width in zip(share, length, strict=True):
        x, y, z = toward * (reach * step)
        radius = np.hypot(SUN_RADIUS - x, y)
        fall = np.abs(z + SUN_HEIGHT) / SCALE_HEIGHT + (radius - SUN_RADIUS) / SCALE_LENGTH
        total += width * np.exp(-fall)
    return np.asarray(LOCAL_EXTINCTION * reach * total)
