"""Where stars stand at other epochs: batches of unit vectors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

ARCSEC = np.pi / 648_000
"""One arcsecond in radians."""

_MAS = ARCSEC / 1000


class Positions(NamedTuple):
    """Right ascensions and declinations in degrees."""

    ra: Floats
    dec: Floats


def unit_vectors(ra: ArrayLike, dec: ArrayLike) -> Floats:
    """Return the directions of positions in degrees, one row of x, y, z each.

    Examples
    --------
    >>> unit_vectors([0.0, 90.0], [0.0, 0.0]).round(12).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    alpha, delta = np.radians(np.atleast_1d(ra)), np.radians(np.atleast_1d(dec))
    vectors = np.empty((len(alpha), 3))
    along = np.cos(delta)
    np.multiply(along, np.cos(alpha), out=vectors[:, 0])
    np.multiply(along, np.sin(alpha), out=vectors[:, 1])
    np.sin(delta, out=vectors[:, 2])
    return vectors


def moved_vectors(
    ra: ArrayLike, dec: ArrayLike, pmra: ArrayLike, pmdec: ArrayLike, years: ArrayLike
) -> Floats:
    """Return directions some years later, moved along straight lines through space.

    Distances and radial velocities are taken as unknown, so that no star comes nearer.

    Parameters
    ----------
    ra, dec
        Positions in degrees.
    pmra, pmdec
        Proper motions in mas/yr, pmra with cos(dec). A star of which either is NaN stays.
    years
        How long, negative for the past; a star for which it is NaN stays.
    """
    vectors = unit_vectors(ra, dec)
    time = np.asarray(years, float) * _MAS
    east: Floats = np.atleast_1d(np.asarray(pmra, float) * time)
    north: Floats = np.atleast_1d(np.asarray(pmdec, float) * time)
    moving = np.flatnonzero(np.isfinite(east) & np.isfinite(north) & ((east != 0) | (north != 0)))
    if len(moving):
        alpha = np.radians(np.atleast_1d(ra)[moving])
        delta = np.radians(np.atleast_1d(dec)[moving])
        vectors[moving] += _tangents(alpha, delta, east[moving], north[moving])
        vectors[moving] /= np.linalg.norm(vectors[moving], axis=1, keepdims=True)
    return vectors


def _tangents(alpha: Floats, delta: Floats, east: Floats, north: Floats) -> Floats:
    outward = north * np.sin(delta)
    return np.column_stack(
        [
            -east * np.sin(alpha) - outward * np.cos(alpha),
            east * np.cos(alpha) - outward * np.sin(alpha),
            north * np.cos(delta),
        ]
    )


def positions_of(vectors: Floats) -> Positions:
    """Return the positions of directions, which need not have the length one.

    Examples
    --------
    >>> positions_of(np.array([[0.0, -2.0, 0.0]])).ra.tolist()
    [270.0]
    """
    x, y, z = vectors.T
    ra = np.degrees(np.arctan2(y, x)) % 360.0
    # A tiny negative angle is rounded up to 360, which is none.
    return Positions(np.where(ra >= 360.0, 0.0, ra), np.degrees(np.arctan2(z, np.hypot(x, y))))


def propagated(
    ra: ArrayLike, dec: ArrayLike, pmra: ArrayLike, pmdec: ArrayLike, years: ArrayLike
) -> Positions:
    """Return positions some years later; see `moved_vectors`.

    Examples
    --------
    >>> barnard = propagated([269.452], [4.694], [-801.55], [10362.39], [16.0])
    >>> ((barnard.dec - 4.694) * 3600).round(1).tolist()
    [165.8]
    """
    return positions_of(moved_vectors(ra, dec, pmra, pmdec, years))


def separations(first: Floats, second: Floats) -> Floats:
    """Return the angles between pairs of unit vectors in arcsec, precise for small ones too.

    Examples
    --------
    >>> separations(unit_vectors(10.0, 89.9999), unit_vectors(190.0, 89.9999)).round(6).tolist()
    [0.72]
    """
    chord = np.linalg.norm(first - second, axis=1)
    angles: Floats = 2.0 * np.arctan2(chord, np.linalg.norm(first + second, axis=1)) / ARCSEC
    return angles
