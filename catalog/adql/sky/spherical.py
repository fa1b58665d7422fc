"""Constant polygons on the sphere, as unit vectors: their inside, area, centre and distances."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from starledger.catalog.adql.sky.errors import SkyError

Vectors = NDArray[np.float64]

CLOSE = 1e-14
"""Directions closer than this, in radians, are taken for one."""

N_CANDIDATES = 60
"""From how many directions the one that lies farthest from every side's great circle is taken."""


def unit_vectors(lon: ArrayLike, lat: ArrayLike) -> Vectors:
    """Return the unit vectors (the last axis) of positions in degrees."""
    lam, phi = np.radians(np.asarray(lon, float)), np.radians(np.asarray(lat, float))
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)


def frame(lon: float, lat: float) -> tuple[Vectors, Vectors, Vectors]:
    """Return the unit vectors to a position in degrees, to its east and to its north."""
    lam, phi = math.radians(lon), math.radians(lat)
    north = [-math.sin(phi) * math.cos(lam), -math.sin(phi) * math.sin(lam), math.cos(phi)]
    return unit_vectors(lon, lat), np.array([-math.sin(lam), math.cos(lam), 0.0]), np.array(north)


def normalised(vectors: Vectors) -> Vectors:
    """Return vectors at length 1."""
    lengths: Vectors = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return lengths


def separation(one: Vectors, other: Vectors) -> Vectors:
    """Return the angles between unit vectors, in radians."""
    across = np.linalg.norm(np.cross(one, other), axis=-1)
    angles: Vectors = np.arctan2(across, np.sum(one * other, axis=-1))
    return angles


def _candidates() -> Vectors:
    steps = np.arange(N_CANDIDATES) + 0.5
    z = 1 - 2 * steps / N_CANDIDATES
    lam = np.pi * (1 + 5**0.5) * steps
    flat = np.sqrt(1 - z**2)
    return np.stack([flat * np.cos(lam), flat * np.sin(lam), z], axis=-1)


@dataclass(frozen=True, eq=False)
class Outline:
    """A closed outline of great-circle sides, and the smaller of its two sides.

    Parameters
    ----------
    corners
        Unit vectors, in order; repeated ones are left out.
    """

    corners: Vectors

    def __post_init__(self) -> None:
        far = separation(self.corners, np.roll(self.corners, -1, axis=0)) > CLOSE
        object.__setattr__(self, "corners", self.corners[far])

    @cached_property
    def ends(self) -> Vectors:
        """The end of each side, whose start is the corner."""
        return np.roll(self.corners, -1, axis=0)

    @cached_property
    def normals(self) -> Vectors:
        """The unit vectors to the left of each side."""
        # The sum and the difference keep the digits that the plain product loses on short sides.
        return normalised(np.cross(self.corners + self.ends, self.ends - self.corners))

    @cached_property
    def reference(self) -> Vectors:
        """A direction far from every side's great circle."""
        away = np.min(np.abs(_candidates() @ self.normals.T), axis=1)
        best: Vectors = _candidates()[int(np.argmax(away))]
        return best

    @cached_property
    def lengths(self) -> Vectors:
        """The lengths of the sides, in radians."""
        return separation(self.corners, self.ends)

    @cached_property
    def _left(self) -> float:
        """The area to the left where the reference is outside; less the sphere's where inside."""
        # Triangles from the direction opposite the reference never hold the reference itself.
        apex = -self.reference
        one, other = self.corners, self.ends
        triple = np.cross(one + other, other - one) @ apex / 2
        whole = 1 + one @ apex + other @ apex + np.sum(one * other, axis=-1)
        return float(np.sum(2 * np.arctan2(triple, whole)))

    @property
    def reference_inside(self) -> bool:
        """Whether the reference lies inside."""
        return abs(self._left) > 2 * math.pi

    @property
    def area(self) -> float:
        """The area of the inside, in steradians."""
        return min(abs(self._left), 4 * math.pi - abs(self._left))

    @property
    def anticlockwise(self) -> bool:
        """Whether the inside is to the left of the sides."""
        return (self._left > 0) != self.reference_inside

    @property
    def centre(self) -> Vectors:
        """The unit vector to the centre of gravity of the inside."""
        moment = self.lengths @ self.normals * (1 if self.anticlockwise else -1)
        return normalised(moment)

    def holds(self, points: Vectors) -> NDArray[np.bool_]:
        """Return which points lie inside: those whose way to the reference crosses rightly often."""
        turns = points @ np.cross(self.reference, self.corners).T
        following = np.roll(turns, -1, axis=-1)
        eastward = self.normals @ self.reference > 0
        below = np.where(eastward, points @ self.normals.T < 0, points @ self.normals.T > 0)
        over = np.where(eastward, (turns >= 0) & (following < 0), (turns < 0) & (following >= 0))
        odd: NDArray[np.bool_] = np.sum(over & below, axis=-1) % 2 == 1
        return odd != self.reference_inside

    def distance(self, points: Vectors) -> Vectors:
        """Return how far points are from the outline, in radians."""
        return np.min(self._distances(points), axis=-1)

    def _distances(self, points: Vectors) -> Vectors:
        along = np.cross(self.normals, self.corners)
        across = points @ self.normals.T
        start = np.arctan2(points @ along.T, points @ self.corners.T)
        beside = (start >= 0) & (start <= self.lengths)
        to_corner = separation(points[..., None, :], self.corners)
        to_ends = np.minimum(to_corner, np.roll(to_corner, -1, axis=-1))
        nearest: Vectors = np.where(beside, np.abs(np.arcsin(np.clip(across, -1, 1))), to_ends)
        return nearest

    def crosses(self, other: Outline) -> NDArray[np.bool_]:
        """Return which of our sides (rows) cross which of another outline's sides (columns)."""
        starts = other.corners @ self.normals.T
        ends = other.ends @ self.normals.T
        ours_start = self.corners @ other.normals.T
        ours_end = self.ends @ other.normals.T
        apart = ((starts > 0) != (ends > 0)).T & ((ours_start > 0) != (ours_end > 0))
        # Great circles cross at two opposite points: the sides must go through the same one.
        same: NDArray[np.bool_] = (starts.T > 0) != (ours_start > 0)
        return apart & same

    def check(self) -> None:
        """Refuse an outline that has no inside.

        Raises
        ------
        SkyError
            If fewer than three corners differ, if a side joins opposite points of the sky, or if
            sides cross each other.
        """
        n = len(self.corners)
        if n < 3:
            raise SkyError(
                f"A polygon has {n} different vertices.", remedy="Give three or more that differ."
            )
        if np.any(self.lengths > math.pi - 1e-9):
            raise SkyError(
                "A side of a polygon joins opposite points of the sky, in no one direction.",
                remedy="Put a vertex between them.",
            )
        crossing = self.crosses(self)
        for step in (-1, 0, 1):
            crossing[np.arange(n), (np.arange(n) + step) % n] = False
        if np.any(crossing):
            one, other = np.argwhere(crossing)[0] + 1
            raise SkyError(
                f"Sides {one} and {other} of a polygon cross each other.",
                remedy="Give its vertices in the order in which its rim passes them.",
            )
