"""Convex hulls of points, and even draws from inside them."""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import ConvexHull, Delaunay, QhullError

from starledger.schema.errors import StarledgerError

Floats = NDArray[np.float64]

_ROUNDING = 1e-9
"""Of the points' spread: a point that is so little outside stands on the hull."""


class DegenerateHull(StarledgerError):
    """Points that span no volume, so that nothing can be drawn between them."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The points have no convex hull to draw from: {why}.",
            remedy="Give more points, which differ in every label.",
        )


@dataclass(frozen=True, slots=True, eq=False)
class Hull:
    """The smallest convex body around points, cut into simplices.

    Parameters
    ----------
    corners
        Corners of each simplex: simplices × (dimensions + 1) × dimensions.
    past
        Share of the volume that the simplices up to each one fill.
    faces
        Outward normals of the faces of the body, faces × dimensions, in the units of `spread`.
    offset
        A point is inside a face where normal · (point / spread) + offset is not positive.
    spread
        Range of the points in each dimension.

    Examples
    --------
    >>> triangle = Hull.of([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.2, 0.2]])
    >>> triangle.contains([[0.3, 0.3], [0.7, 0.7]]).tolist()
    [True, False]
    """

    corners: Floats
    past: Floats
    faces: Floats
    offset: Floats
    spread: Floats

    @classmethod
    def of(cls, points: ArrayLike, margin: float = 0.0) -> Self:
        """Return the hull of points.

        Parameters
        ----------
        points
            Points × dimensions, two dimensions at least.
        margin
            By which share of its size the hull is widened about its centre of mass, so that stars
            at its edge need no extrapolation.

        Raises
        ------
        DegenerateHull
            They span no volume, or are not finite.
        """
        given = np.asarray(points, dtype=np.float64)
        _check(given, margin)
        spread = np.ptp(given, axis=0)
        if not (spread > 0).all():
            raise DegenerateHull(f"all agree in dimension {int(np.argmin(spread))}")
        try:
            around = ConvexHull(given / spread)
            outer = around.points[around.vertices]
            simplices = outer[Delaunay(outer).simplices]
        except QhullError:
            raise DegenerateHull("they lie in a plane or on a line") from None
        volume = np.abs(np.linalg.det(simplices[:, 1:] - simplices[:, :1]))
        # No other centre will do: that of the box around the points may lie outside the hull.
        centre = volume @ simplices.mean(axis=1) / volume.sum()
        simplices = centre + (1 + margin) * (simplices - centre)
        faces, offset = around.equations[:, :-1], around.equations[:, -1]
        offset = offset + margin * (offset + faces @ centre)
        return cls(simplices * spread, np.cumsum(volume) / volume.sum(), faces, offset, spread)

    @property
    def dimensions(self) -> int:
        """How many numbers a point has."""
        return len(self.spread)

    @property
    def volume(self) -> float:
        """Its volume, in the units of the points."""
        edges = self.corners[:, 1:] - self.corners[:, :1]
        return float(np.abs(np.linalg.det(edges)).sum()) / factorial(self.dimensions)

    def contains(self, points: ArrayLike) -> NDArray[np.bool_]:
        """Return which points are inside, those on its surface included."""
        distance = (np.asarray(points) / self.spread) @ self.faces.T + self.offset
        return np.asarray((distance <= _ROUNDING).all(axis=-1))

    def at(self, even: Floats) -> Floats:
        """Return the points of the hull that stand for points of the unit cube.

        Every part of the hull has as many of them as its share of the volume: what is spread
        evenly in the cube, at random or not, is spread evenly in the hull. Nothing is rejected.

        Parameters
        ----------
        even
            Points in [0, 1): points × (dimensions + 1).
        """
        which = np.searchsorted(self.past, even[:, 0], side="right").clip(max=len(self.past) - 1)
        # The gaps between sorted numbers are even weights of the corners.
        ends = np.sort(even[:, 1:], axis=1)
        weight = np.diff(ends, axis=1, prepend=0.0, append=1.0)
        return np.asarray(np.einsum("pc,pcd->pd", weight, self.corners[which]))


def _check(points: Floats, margin: float) -> None:
    if points.ndim != 2 or points.shape[1] < 2:
        raise DegenerateHull(f"they have the shape {points.shape}")
    if not np.isfinite(points).all():
        raise DegenerateHull("some are not finite")
    if len(points) <= points.shape[1]:
        raise DegenerateHull(f"{len(points)} are too few in {points.shape[1]} dimensions")
    if margin < 0:
        raise DegenerateHull(f"the margin {margin:g} would shrink it")
