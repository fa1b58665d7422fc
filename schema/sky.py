"""Positions on the sky as HEALPix cells, and cones as ranges of them that a B-tree can answer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sqlalchemy import ColumnElement, and_, func, or_

ORDER = 29
"""The HEALPix order of the `healpix` columns, whose cells are 0.4 mas wide."""

CELL_OF_ORDER_0 = 58.6
"""Width of a cell of order 0, in degrees; each order halves it."""

FINER = 2
"""How many orders finer than its cells a cone is drawn, so that fewer cells are near it only."""

WIDE = 60.0
"""The radius in degrees from which cones are sought cell by cell: cdshealpix loses parts of some
that are wider than 130 degrees."""

WIDE_ORDER = 3
"""The order of those cells."""

WIDE_CELL = 7.5
"""How far the corners of such a cell lie from its centre at most, in degrees."""

CELLS_A_RADIUS = 8
"""How many cells lie along a cone's radius: more fit it better and make more ranges."""


def healpix_cells(ra: ArrayLike, dec: ArrayLike) -> NDArray[np.int64]:
    """Return the nested cells of order 29 that hold some positions.

    Parameters
    ----------
    ra, dec
        Right ascensions and declinations (ICRS), in degrees.

    Examples
    --------
    >>> healpix_cells([0.0, 266.4], [0.0, -29.0]).tolist()
    [1369094286720630784, 2028741010432736142]
    """
    from astropy.coordinates import Latitude, Longitude
    from cdshealpix.nested import lonlat_to_healpix

    lon = Longitude(np.atleast_1d(np.asarray(ra, float)), "deg")
    lat = Latitude(np.atleast_1d(np.asarray(dec, float)), "deg")
    cells: NDArray[np.int64] = lonlat_to_healpix(lon, lat, ORDER).astype(np.int64)
    return cells


def cone_ranges(ra: float, dec: float, radius: float) -> list[tuple[int, int]]:
    """Return the ranges of cells of order 29, ends included, that cover a cone.

    Parameters
    ----------
    ra, dec
        The centre (ICRS), in degrees.
    radius
        The radius, in degrees, up to 180.

    Examples
    --------
    >>> all(first <= last for first, last in cone_ranges(10.7, 41.3, 2.0))
    True
    """
    from astropy.coordinates import Latitude, Longitude
    from astropy.units import Quantity
    from cdshealpix.nested import cone_search

    if radius > WIDE:
        return _wide_cone(ra, dec, radius)
    cell = max(radius, 1e-7) / CELLS_A_RADIUS
    order = min(ORDER, max(0, round(math.log2(CELL_OF_ORDER_0 / cell))))
    cells, orders, _inside = cone_search(
        Longitude(ra, "deg"),
        Latitude(dec, "deg"),
        Quantity(radius, "deg"),
        order,
        depth_delta=min(FINER, ORDER - order),
    )
    shift = 2 * (ORDER - orders.astype(np.int64))
    first = cells.astype(np.int64) << shift
    last = ((cells.astype(np.int64) + 1) << shift) - 1
    return _merged(first, last)


def within_cone(table: Any, ra: float, dec: float, radius: float) -> ColumnElement[bool]:
    """Return the condition that a row of a table lies within a cone, the rim included.

    Parameters
    ----------
    table
        A table class, or an alias of one, with the columns healpix, ra and dec.
    ra, dec
        The centre (ICRS), in degrees.
    radius
        The radius, in degrees.
    """
    ranges = cone_ranges(ra, dec, radius)
    near = or_(*(table.healpix.between(first, last) for first, last in ranges))
    # The half-angle form keeps its precision for small separations, where cosines lose theirs.
    haversine = func.power(func.sind((table.dec - dec) / 2), 2) + func.cosd(table.dec) * func.cosd(
        dec
    ) * func.power(func.sind((table.ra - ra) / 2), 2)
    return and_(near, haversine <= math.sin(math.radians(radius) / 2) ** 2)


def _wide_cone(ra: float, dec: float, radius: float) -> list[tuple[int, int]]:
    from cdshealpix.nested import healpix_to_lonlat

    cells = np.arange(12 << 2 * WIDE_ORDER)
    lon, lat = healpix_to_lonlat(cells, WIDE_ORDER)
    across, turn = (lat.rad - math.radians(dec)) / 2, (lon.rad - math.radians(ra)) / 2
    half = np.sin(across) ** 2 + np.cos(lat.rad) * math.cos(math.radians(dec)) * np.sin(turn) ** 2
    distance = np.degrees(2 * np.arcsin(np.sqrt(np.clip(half, 0, 1))))
    cells = cells[distance <= radius + WIDE_CELL]
    shift = 2 * (ORDER - WIDE_ORDER)
    return _merged(cells << shift, ((cells + 1) << shift) - 1)


def _merged(first: NDArray[np.int64], last: NDArray[np.int64]) -> list[tuple[int, int]]:
    order = np.argsort(first)
    first, last = first[order], last[order]
    breaks = np.flatnonzero(first[1:] != last[:-1] + 1) + 1
    starts = first[np.concatenate(([0], breaks))]
    ends = last[np.concatenate((breaks - 1, [len(last) - 1]))]
    return list(zip(starts.tolist(), ends.tolist(), strict=True))
