"""Constant shapes as ranges of HEALPix cells that hold all their points, for a B-tree."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from starledger.catalog.adql.sky.spherical import Outline, Vectors, separation, unit_vectors
from starledger.schema.sky import ORDER, cone_ranges

MARGIN = 1e-9
"""Degrees by which circles are drawn larger than they are, far more than rounding takes."""

CELL_RADIUS = 1.07
"""More than the farthest corner of a cell lies from its centre, in radians, times 2^order."""

ENOUGH_CELLS = 40
"""How many cells on a rim are not divided further."""

Ranges = list[tuple[int, int]]


def circle_ranges(lon: float, lat: float, radius: float) -> Ranges:
    """Return the ranges of cells of order 29, ends included, that cover a circle.

    Parameters
    ----------
    lon, lat, radius
        Its centre and its radius, in degrees.

    Examples
    --------
    >>> len(circle_ranges(10.0, 89.9, 1.0)) < 60
    True
    """
    return cone_ranges(lon, lat, min(radius + MARGIN, 180.0))


def outline_ranges(outline: Outline) -> Ranges:
    """Return the ranges of cells of order 29, ends included, that cover a polygon or a box."""
    order, cells = _first_cells(outline)
    whole: list[NDArray[np.int64]] = []
    while True:
        centres = _centres(cells, order)
        distance, reach = outline.distance(centres), CELL_RADIUS / 2**order + math.radians(MARGIN)
        on_rim = distance <= reach
        whole.append(_as_ranges(cells[~on_rim & outline.holds(centres)], order))
        cells = cells[on_rim]
        if len(cells) > ENOUGH_CELLS or order == ORDER or not len(cells):
            break
        cells = (cells[:, None] * 4 + np.arange(4)).ravel()
        order += 1
    return _joined(np.concatenate([*whole, _as_ranges(cells, order)]))


def _first_cells(outline: Outline) -> tuple[int, NDArray[np.int64]]:
    """Return an order and all its cells that a polygon may touch."""
    from astropy.coordinates import Latitude, Longitude
    from astropy.units import Quantity
    from cdshealpix.nested import cone_search

    x, y, z = outline.centre
    radius = float(np.max(separation(outline.corners, outline.centre)))
    if radius > math.radians(60):
        return 0, np.arange(12)
    order = min(ORDER - 2, max(0, math.floor(math.log2(1 / radius))))
    # The cap of the corners holds all their sides too, since it is less than half the sky.
    cells, _orders, _inside = cone_search(
        Longitude(math.atan2(y, x), "rad"),
        Latitude(math.atan2(z, math.hypot(x, y)), "rad"),
        Quantity(radius * (1 + 1e-9) + math.radians(MARGIN), "rad"),
        order,
        flat=True,
    )
    return order, cells.astype(np.int64)


def _centres(cells: NDArray[np.int64], order: int) -> Vectors:
    from cdshealpix.nested import healpix_to_lonlat

    lon, lat = healpix_to_lonlat(cells, order)
    return unit_vectors(lon.deg, lat.deg)


def _as_ranges(cells: NDArray[np.int64], order: int) -> NDArray[np.int64]:
    shift = 2 * (ORDER - order)
    return np.stack([cells << shift, ((cells + 1) << shift) - 1], axis=1)


def _joined(ranges: NDArray[np.int64]) -> Ranges:
    first, last = ranges[np.argsort(ranges[:, 0])].T
    gaps = np.flatnonzero(first[1:] != last[:-1] + 1)
    starts = first[np.concatenate([[0], gaps + 1])]
    ends = last[np.concatenate([gaps, [len(last) - 1]])]
    return list(zip(starts.tolist(), ends.tolist(), strict=True))
