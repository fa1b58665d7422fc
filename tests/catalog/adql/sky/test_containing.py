"""Polygons and boxes hold what an independent way says, whichever way round, anywhere."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sqlalchemy import Connection

from starledger.catalog.adql.sky.containing import contains
from starledger.catalog.adql.sky.errors import SkyError
from starledger.catalog.adql.sky.separation import as_integer
from starledger.catalog.adql.sky.shapes import Box, Point, Polygon
from tests.catalog.adql.sky.asking import (
    PLACE,
    STAR,
    Floats,
    answered,
    around,
    box,
    circle,
    of_points,
    offset,
    point,
    polygon,
    sql,
    vectors,
)


@dataclass(frozen=True)
class Star:
    """A polygon with a centre that sees all of its rim: corners at angles and distances."""

    lon: float
    lat: float
    angle: Floats
    far: Floats
    turned: bool

    @property
    def size(self) -> float:
        """The distance of the farthest corner, in degrees."""
        return float(np.degrees(np.max(self.far)))

    @property
    def corners(self) -> tuple[Floats, Floats]:
        """Their positions in the polygon's order."""
        lon, lat = offset(self.lon, self.lat, self.angle, self.far)
        return (lon[::-1], lat[::-1]) if self.turned else (lon, lat)

    def _triangles(self) -> Iterator[tuple[Floats, Floats, Floats]]:
        corners = vectors(*self.corners)
        for one, other in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            yield vectors(self.lon, self.lat), one, other

    def holds(self, points: Floats) -> NDArray[np.bool_]:
        """Return which points lie in a triangle of the centre and a side, or in none if smaller."""
        inside = np.zeros(len(points), bool)
        area = 0.0
        for a, b, c in self._triangles():
            way = np.sign(a @ np.cross(b, c))
            beside = [way * (points @ np.cross(p, q)) > 0 for p, q in ((a, b), (b, c), (c, a))]
            inside |= np.all(beside, axis=0)
            area += abs(_excess(a, b, c))
        return inside if area <= 2 * math.pi else ~inside

    def clear(self, points: Floats) -> NDArray[np.bool_]:
        """Return which points do not lie on the great circle of a triangle's side."""
        clear = np.ones(len(points), bool)
        for a, b, c in self._triangles():
            for p, q in ((a, b), (b, c), (c, a)):
                normal = np.cross(p, q - p)
                clear &= np.abs(points @ normal) > 3e-15 + 1e-12 * np.linalg.norm(normal)
        return clear


def _excess(a: Floats, b: Floats, c: Floats) -> float:
    """Return the area of a triangle by its angles."""

    def angle(at: Floats, p: Floats, q: Floats) -> float:
        one, other = np.cross(at, p), np.cross(at, q)
        return math.atan2(float(np.linalg.norm(np.cross(one, other))), float(one @ other))

    return angle(a, b, c) + angle(b, c, a) + angle(c, a, b) - math.pi


@st.composite
def stars(draw: st.DrawFn, largest: float = 150.0) -> Star:
    """Return polygons of all sizes, at the poles, across RA 0 and elsewhere."""
    lon = draw(st.sampled_from([0.0, 359.9999, 45.0, 266.4]) | st.floats(0, 360))
    lat = draw(st.sampled_from([90.0, -90.0, 89.9, 0.0, 41.8103]) | st.floats(-90, 90))
    n = draw(st.integers(3, 9))
    # No gap from corner to corner comes near half a turn.
    gaps = np.array(draw(st.lists(st.floats(1, 1.8), min_size=n, max_size=n)))
    angle = draw(st.floats(0, 6)) + np.cumsum(gaps) * 2 * np.pi / np.sum(gaps)
    size = 10 ** draw(st.floats(-6.5, math.log10(largest)))
    far = size * np.array(draw(st.lists(st.floats(0.3, 1), min_size=n, max_size=n)))
    return Star(lon, lat, angle, np.radians(far), draw(st.booleans()))


@given(star=stars())
@settings(max_examples=150)
def test_polygons_hold_what_their_triangles_hold_and_ranges_lose_none(
    asked: Connection, star: Star
) -> None:
    lon, lat = around(star.lon, star.lat, star.size / 2, 300)
    shape = polygon(*star.corners)
    plain, ranged = of_points(
        asked, lon, lat, as_integer(contains(PLACE, shape)), as_integer(contains(STAR, shape))
    ).T
    points = vectors(lon, lat)
    clear = star.clear(points)
    np.testing.assert_array_equal(plain[clear], star.holds(points)[clear])
    np.testing.assert_array_equal(ranged, plain)


@given(star=stars(largest=80.0))
@settings(max_examples=60)
def test_polygons_of_columns_hold_what_constant_ones_hold(asked: Connection, star: Star) -> None:
    lon, lat = around(star.lon, star.lat, star.size / 2, 100)
    shape = polygon(*star.corners)
    of_columns = Polygon(tuple(Point(_kept(v.lon), _kept(v.lat)) for v in shape.vertices))
    constant, columns = of_points(
        asked, lon, lat, as_integer(contains(PLACE, shape)), as_integer(contains(PLACE, of_columns))
    ).T
    clear = star.clear(vectors(lon, lat))
    np.testing.assert_array_equal(columns[clear], constant[clear])


def _kept(constant: object) -> object:
    """Return a constant that looks like a column."""
    return sql(f"{constant} + 0 * p.ra")


@given(
    lon=st.floats(0, 360),
    lat=st.sampled_from([90.0, -90.0, 0.0]) | st.floats(-90, 90),
    width=st.floats(-6, 2.25).map(lambda power: 10.0**power),
    height=st.floats(-6, 2.25).map(lambda power: 10.0**power),
)
@settings(max_examples=80)
def test_boxes_reach_half_their_sizes_along_great_circles(
    asked: Connection, lon: float, lat: float, width: float, height: float
) -> None:
    lons, lats = around(lon, lat, max(width, height) / 2, 300)
    shape = box(lon, lat, width, height)
    of_columns = Box(point(_kept(lon), _kept(lat)), _kept(width), _kept(height))
    plain, ranged, columns = of_points(
        asked, lons, lats, *(as_integer(contains(*pair)) for pair in _pairs(shape, of_columns))
    ).T
    east, north, clear = _in_frame(lon, lat, lons, lats, width, height)
    inside = (np.abs(east) < width / 2) & (np.abs(north) < height / 2)
    np.testing.assert_array_equal(plain[clear], inside[clear])
    np.testing.assert_array_equal(columns[clear], inside[clear])
    np.testing.assert_array_equal(ranged, plain)


def _pairs(shape: Box, of_columns: Box) -> list[tuple[Point, Box]]:
    return [(PLACE, shape), (STAR, shape), (PLACE, of_columns)]


def _in_frame(
    lon: float, lat: float, lons: Floats, lats: Floats, width: float, height: float
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return angles along the arms of a box's cross, and which points are off the rims."""
    points, (e, n) = vectors(lons, lats), _east_north(lon, lat)
    deep = points @ vectors(lon, lat)
    east = np.degrees(np.arctan2(points @ e, deep))
    north = np.degrees(np.arctan2(points @ n, deep))
    tolerance = 1e-12 / np.maximum(np.abs(deep), 1e-6)
    clear = (np.abs(np.abs(east) - width / 2) > tolerance) & (
        np.abs(np.abs(north) - height / 2) > tolerance
    )
    return east, north, clear


def _east_north(lon: float, lat: float) -> tuple[Floats, Floats]:
    lam, phi = np.radians(lon), np.radians(lat)
    east = np.array([-np.sin(lam), np.cos(lam), 0.0])
    north = np.array([-np.sin(phi) * np.cos(lam), -np.sin(phi) * np.sin(lam), np.cos(phi)])
    return east, north


L_SHAPE = ([0, 4, 4, 2, 2, 0], [0, 0, 2, 2, 4, 4])


@pytest.mark.parametrize("step", [1, -1])
def test_a_polygon_with_a_bay(asked: Connection, step: int) -> None:
    shape = polygon(*(side[::step] for side in L_SHAPE))
    got = of_points(asked, [1, 3, 3, 1, 5], [1, 1, 3, 3, 1], contains(STAR, shape))
    assert got[:, 0].tolist() == [True, True, False, True, False]


@pytest.mark.parametrize(
    ("inner", "outer", "expected"),
    [
        (circle(0, 0, 1), circle(0.5, 0, 2), True),
        (circle(0, 0, 1), circle(1.5, 0, 2), False),
        (circle(0, 0, 100), circle(9, 9, 180), True),
        (circle(359, 89, 3), circle(10, 90, 5), True),
        (circle(1, 1, 0.9), polygon(*L_SHAPE), True),
        (circle(1, 1, 1.1), polygon(*L_SHAPE), False),
        (circle(3, 3, 0.1), polygon(*L_SHAPE), False),
        (box(1, 1, 1, 1), polygon(*L_SHAPE), True),
        (box(2, 2, 2, 2), polygon(*L_SHAPE), False),
        (polygon(*L_SHAPE), box(2, 2, 5, 5), True),
        (box(2, 2, 5, 5), polygon(*L_SHAPE), False),
        (polygon(*L_SHAPE), circle(2, 2, 3), True),
        (polygon(*L_SHAPE), circle(2, 2, 2.5), False),
        (polygon(*L_SHAPE), circle(182, -2, 170), False),
        (polygon(*L_SHAPE), circle(92, 0, 100), True),
        (box(0, 0, 17, 10), circle(92, 0, 100), False),
        (box(0, 89, 3, 3), circle(0, 90, 4), True),
        (box(0, 89, 3, 3), circle(0, 90, 2), False),
    ],
)
def test_shapes_in_shapes(asked: Connection, inner: object, outer: object, expected: bool) -> None:
    assert answered(asked, contains(inner, outer)) == (expected,)  # type: ignore[arg-type]


def test_missing_coordinates_make_null(asked: Connection) -> None:
    triangle = polygon([0, 4, "CAST(NULL AS DOUBLE PRECISION)"], [0, 0, 3])
    nowhere = point("CAST(NULL AS DOUBLE PRECISION)", 1)
    for condition in (
        contains(point(1, 1), triangle),
        contains(nowhere, polygon(*L_SHAPE)),
        contains(nowhere, box(1, 1, 2, 2)),
        contains(point(1, 1), box(1, 1, "CAST(NULL AS DOUBLE PRECISION)", 2)),
    ):
        assert answered(asked, condition) == (None,)


def test_nothing_lies_in_a_point() -> None:
    with pytest.raises(SkyError, match="Nothing lies in a point"):
        contains(point(1, 1), point(1, 1))
