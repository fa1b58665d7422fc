"""Shapes of a few words, and their answers from PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sqlalchemy import Connection
from sqlglot import exp, parse_one

from starledger.catalog.adql.sky.shapes import Box, Circle, Point, Polygon
from starledger.schema.sky import healpix_cells

Floats = NDArray[np.float64]


def sql(text: object) -> exp.Expression:
    """Return an expression."""
    if isinstance(text, float) or (np.isscalar(text) and not isinstance(text, str)):
        text = repr(float(text))  # type: ignore[arg-type]
    return parse_one(str(text), read="postgres")


def point(lon: object, lat: object) -> Point:
    """Return a position without a HEALPix column."""
    return Point(sql(lon), sql(lat))


def circle(lon: object, lat: object, radius: object) -> Circle:
    """Return a circle."""
    return Circle(point(lon, lat), sql(radius))


def box(lon: object, lat: object, width: object, height: object) -> Box:
    """Return a box."""
    return Box(point(lon, lat), sql(width), sql(height))


def polygon(lon: Sequence[Any] | Floats, lat: Sequence[Any] | Floats) -> Polygon:
    """Return a polygon."""
    return Polygon(tuple(point(*corner) for corner in zip(lon, lat, strict=True)))


STAR = Point(sql("p.ra"), sql("p.dec"), sql("p.healpix"), 1000)
"""The position of the rows that `of_points` makes."""

PLACE = Point(sql("p.ra"), sql("p.dec"))
"""The same without the HEALPix column."""


def of_points(
    connection: Connection, lon: ArrayLike, lat: ArrayLike, *answers: exp.Expression
) -> NDArray[Any]:
    """Return what some expressions of `p.ra`, `p.dec` and `p.healpix` answer, a column for each."""
    ra, dec = np.broadcast_arrays(np.atleast_1d(lon).astype(float), np.asarray(lat, float))
    cells = healpix_cells(ra % 360, dec)
    listed = ", ".join(answer.sql("postgres") for answer in answers)
    rows = connection.exec_driver_sql(
        f"SELECT {listed} FROM unnest(%s::float8[], %s::float8[], %s::bigint[])"
        " WITH ORDINALITY AS p(ra, dec, healpix, place) ORDER BY place",
        (ra.tolist(), dec.tolist(), cells.tolist()),
    )
    return np.array([tuple(row) for row in rows])


def answered(connection: Connection, *answers: exp.Expression) -> tuple[Any, ...]:
    """Return what some constant expressions answer."""
    listed = ", ".join(answer.sql("postgres") for answer in answers)
    return tuple(connection.exec_driver_sql(f"SELECT {listed}").one())


def around(lon: float, lat: float, size: float, n: int, seed: int = 5) -> tuple[Floats, Floats]:
    """Return positions that lie about a size from a centre, in degrees, up to thrice as far."""
    rng = np.random.default_rng(seed)
    angle, far = (
        rng.uniform(0, 2 * np.pi, n),
        np.radians(np.minimum(rng.uniform(0, 3, n) * size, 180)),
    )
    return offset(lon, lat, angle, far)


def offset(lon: float, lat: float, angle: Floats, far: Floats) -> tuple[Floats, Floats]:
    """Return the positions at some angles (east of north) and distances, in radians."""
    lam, phi = np.radians(lon), np.radians(lat)
    middle = np.array([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])
    east = np.array([-np.sin(lam), np.cos(lam), 0.0])
    north = np.cross(middle, east)
    toward = np.sin(angle)[:, None] * east + np.cos(angle)[:, None] * north
    return angles(np.cos(far)[:, None] * middle + np.sin(far)[:, None] * toward)


def angles(vectors: Floats) -> tuple[Floats, Floats]:
    """Return the positions of vectors, in degrees."""
    x, y, z = vectors.T
    return np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arctan2(z, np.hypot(x, y)))


def vectors(lon: ArrayLike, lat: ArrayLike) -> Floats:
    """Return the unit vectors of positions in degrees."""
    lam, phi = np.radians(lon), np.radians(lat)
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)
