"""Areas and centres agree with closed formulas and sums over HEALPix cells."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from starledger.catalog.adql.sky.containing import contains
from starledger.catalog.adql.sky.measuring import area, centroid, coord1, coord2
from starledger.catalog.adql.sky.separation import distance
from starledger.catalog.adql.sky.shapes import Point, Polygon
from tests.catalog.adql.sky.asking import (
    PLACE,
    angles,
    answered,
    box,
    circle,
    of_points,
    point,
    polygon,
    vectors,
)

WHOLE = 4 * math.pi * math.degrees(1) ** 2
OCTANT = ([10, 100, 0], [0, 0, 90])


@pytest.mark.parametrize("radius", [1e-9, 1.0, 90.0, 179.0, 180.0, 400.0])
def test_area_of_circles(asked: Connection, radius: float) -> None:
    expected = WHOLE * math.sin(math.radians(min(radius, 180)) / 2) ** 2
    of_columns = circle("p.ra", "p.dec", "p.ra")
    assert answered(asked, area(circle(1, 2, radius)))[0] == pytest.approx(expected, rel=1e-12)
    assert of_points(asked, radius, 0, area(of_columns))[0, 0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("step", [1, -1])
def test_area_of_an_octant(asked: Connection, step: int) -> None:
    octant = polygon(*(side[::step] for side in OCTANT))
    of_columns = polygon([f"{x} + p.ra" for x in OCTANT[0]], [f"{y} + 0 * p.ra" for y in OCTANT[1]])
    assert answered(asked, area(octant))[0] == pytest.approx(WHOLE / 8, rel=1e-14)
    assert of_points(asked, 77, 0, area(of_columns))[0, 0] == pytest.approx(WHOLE / 8, rel=1e-14)


@given(width=st.floats(1e-6, 179), height=st.floats(1e-6, 179), lat=st.floats(-90, 90))
@settings(max_examples=40)
def test_area_of_boxes(asked: Connection, width: float, height: float, lat: float) -> None:
    half = math.sin(math.radians(width / 2)) * math.sin(math.radians(height / 2))
    expected = 4 * math.asin(half) * math.degrees(1) ** 2
    of_columns = box("p.ra", "p.dec", f"{width} + 0 * p.ra", height)
    got = of_points(asked, 12, lat, area(box(12, lat, width, height)), area(of_columns))
    # Nearly opposite sides leave few digits.
    np.testing.assert_allclose(got[0], expected, rtol=1e-7)


def test_points_have_no_area(asked: Connection) -> None:
    assert answered(asked, area(point(1, 2))) == (0.0,)


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize(
    ("lon", "lat"), [([359, 3, 1], [0, 0, 3]), ([0, 4, 4, 2, 2, 0], [85, 85, 89, 89, 87, 87])]
)
def test_centroids_of_polygons(
    asked: Connection, lon: list[float], lat: list[float], step: int
) -> None:
    shape = polygon(lon[::step], lat[::step])
    of_columns = polygon([f"{x} + 0 * p.ra" for x in lon[::step]], lat[::step])
    middle, other = centroid(shape), centroid(of_columns)
    expected = _mean_of_cells(asked, shape)
    got = of_points(asked, 1, 1, distance(middle, other), distance(middle, expected))[0]
    assert got[0] < 1e-9
    assert got[1] < 0.01


def _mean_of_cells(asked: Connection, shape: Polygon) -> Point:
    lon, lat = np.array([vertex.constant for vertex in shape.vertices]).T
    lon = (lon + 180) % 360 - 180
    steps = (np.arange(250) + 0.5) / 250
    z = np.sin(np.radians(lat.min())) + steps * np.ptp(
        np.sin(np.radians([lat.min(), lat.max() + 0.1]))
    )
    lons, zs = (grid.ravel() for grid in np.meshgrid(lon.min() + steps * np.ptp(lon), z))
    lats = np.degrees(np.arcsin(np.minimum(zs, 1)))
    inside = of_points(asked, lons, lats, contains(PLACE, shape))[:, 0].astype(bool)
    (x,), (y,) = angles(vectors(lons[inside], lats[inside]).mean(axis=0)[None])
    return point(x, y)


def test_coordinates_of_centres(asked: Connection) -> None:
    for shape in (point(1, 2), circle(1, 2, 3), box(1, 2, 3, 4)):
        middle = centroid(shape)
        assert answered(asked, coord1(middle), coord2(middle)) == (1.0, 2.0)
