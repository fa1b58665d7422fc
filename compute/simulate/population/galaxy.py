"""Where the Galaxy's stars are and how they move, seen from the Sun.

Galactic Cartesian axes: x to the centre of the Galaxy, y along its rotation, z to its north pole,
in kpc and km/s. The Sun is at 8 kpc from the centre and 0.025 kpc above the plane and moves as
Schönrich et al. (2010) found.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from starledger.compute.simulate.population.tracks import Array

SUN_RADIUS = 8.0
"""Distance of the Sun from the centre in kpc."""

SUN_HEIGHT = 0.025
"""Height of the Sun above the plane in kpc (Jurić et al. 2008)."""

CIRCULAR_SPEED = 220.0
"""Speed of a circular orbit in km/s, the same everywhere."""

SUN_MOTION = np.array([11.1, 12.24, 7.25])
"""Motion of the Sun relative to a circular orbit in km/s."""

KM_S_PER_MAS_KPC = 4.740470463
"""Transverse speed in km/s of 1 mas/yr at 1 kpc."""

_ICRS_TO_GALACTIC = np.array(
    [
        [-0.0548755604162154, -0.8734370902348850, -0.4838350155487132],
        [0.4941094278755837, -0.4448296299600112, 0.7469822444972189],
        [-0.8676661490190047, -0.1980763734312015, 0.4559837761750669],
    ]
)
"""ESA (1997), the Hipparcos catalogue, volume 1, equation 1.5.11."""


class Motion(NamedTuple):
    """How stars move: proper motions in mas/yr (pmra with cos dec), radial velocity in km/s."""

    pmra: Array
    pmdec: Array
    rv: Array


def unit_vectors(ra: Array, dec: Array) -> Array:
    """Return the directions of positions in degrees as 3 × stars, on the same axes."""
    a, d = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])


def to_galactic(ra: Array, dec: Array) -> Array:
    """Return the Galactic unit vectors of ICRS positions in degrees, 3 × stars.

    Examples
    --------
    >>> to_galactic(np.array([192.8595]), np.array([27.1283])).round(3)[2]
    array([1.])
    """
    return np.asarray(_ICRS_TO_GALACTIC @ unit_vectors(ra, dec))


def place_in_galaxy(ra: Array, dec: Array, distance: Array) -> tuple[Array, Array, Array]:
    """Return radius from the axis and height above the plane in kpc, and azimuth in radians.

    Parameters
    ----------
    ra, dec, distance
        Degrees and pc. The azimuth is 0 at the Sun and grows with the rotation.

    Examples
    --------
    >>> where = place_in_galaxy(np.array([266.405]), np.array([-28.936]), np.array([4000.0]))
    >>> round(float(where[0][0]), 2)
    4.0
    """
    x, y, z = to_galactic(ra, dec) * (np.asarray(distance) / 1000.0)
    inward = SUN_RADIUS - x
    return np.hypot(inward, y), z + SUN_HEIGHT, np.arctan2(y, inward)


def seen_motion(
    ra: Array, dec: Array, distance: Array, outward: Array, along: Array, upward: Array
) -> Motion:
    """Return what the Sun sees of velocities in the Galaxy's cylindrical frame.

    Parameters
    ----------
    ra, dec, distance
        Degrees and pc.
    outward, along, upward
        Away from the axis, along the rotation and to the north, in km/s, with the Galaxy at rest.

    Examples
    --------
    >>> still = np.zeros(1)
    >>> pole = np.array([192.8595]), np.array([27.1283]), np.array([1000.0])
    >>> float(seen_motion(*pole, still, still + 220.0, still).rv[0].round(1))
    -7.3
    """
    azimuth = place_in_galaxy(ra, dec, distance)[2]
    x = along * np.sin(azimuth) - outward * np.cos(azimuth)
    y = along * np.cos(azimuth) + outward * np.sin(azimuth)
    sun = SUN_MOTION + np.array([0.0, CIRCULAR_SPEED, 0.0])
    velocity = _ICRS_TO_GALACTIC.T @ (np.stack([x, y, upward]) - sun[:, None])
    a, d = np.radians(ra), np.radians(dec)
    east = np.stack([-np.sin(a), np.cos(a), np.zeros_like(a)])
    north = np.stack([-np.sin(d) * np.cos(a), -np.sin(d) * np.sin(a), np.cos(d)])
    scale = KM_S_PER_MAS_KPC * np.asarray(distance) / 1000.0
    return Motion(
        (velocity * east).sum(axis=0) / scale,
        (velocity * north).sum(axis=0) / scale,
        (velocity * unit_vectors(ra, dec)).sum(axis=0),
    )
