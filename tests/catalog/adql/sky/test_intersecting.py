"""INTERSECTS says whether two shapes have a point in common."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from starledger.catalog.adql.sky.errors import SkyError
from starledger.catalog.adql.sky.intersecting import intersects
from starledger.catalog.adql.sky.separation import as_integer
from starledger.catalog.adql.sky.shapes import Circle
from tests.catalog.adql.sky.asking import (
    PLACE,
    STAR,
    answered,
    around,
    box,
    circle,
    of_points,
    point,
    polygon,
    sql,
)

TRIANGLE = ([359, 3, 1], [0, 0, 3])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (circle(0, 0, 1), circle(0, 3, 2), True),
        (circle(0, 0, 1), circle(0, 3, 1.999), False),
        (circle(0, 89, 1), circle(180, 89, 1), True),
        (circle(1, 1, 0.1), polygon(*TRIANGLE), True),
        (circle(1, -1, 1.001), polygon(*TRIANGLE), True),
        (circle(1, -1, 0.999), polygon(*TRIANGLE), False),
        (circle(358, 0, 1.001), polygon(*TRIANGLE), True),
        (circle(358, 0, 0.999), polygon(*TRIANGLE), False),
        (circle(181, -1, 178), polygon(*TRIANGLE), True),
        (circle(181, -1, 175), polygon(*TRIANGLE), False),
        (circle(1, 1, 50), polygon(*TRIANGLE), True),
        (box(1, 1, 0.1, 0.1), polygon(*TRIANGLE), True),
        (box(1, 1, 40, 40), polygon(*TRIANGLE), True),
        (box(1, 1, 40, 0.1), polygon(*TRIANGLE), True),
        (box(1, -1, 4, 1.9), polygon(*TRIANGLE), False),
        (box(0, 88, 1, 5), box(180, 88, 1, 5), True),
        (box(0, 88, 1, 3), box(180, 88, 1, 3), False),
        (point(1, 1), polygon(*TRIANGLE), True),
        (point(1, 1), circle(5, 1, 1), False),
    ],
)
def test_shapes_meet(asked: Connection, one: object, other: object, expected: bool) -> None:
    assert answered(asked, intersects(one, other), intersects(other, one)) == (expected, expected)  # type: ignore[arg-type]


@given(
    lon=st.floats(0, 360),
    lat=st.sampled_from([90.0, -90.0]) | st.floats(-90, 90),
    radius=st.floats(-5, 1.5).map(lambda power: 10.0**power),
    share=st.floats(0.01, 1.5),
)
@settings(max_examples=40)
def test_circles_of_rows_meet_what_one_larger_holds(
    asked: Connection, lon: float, lat: float, radius: float, share: float
) -> None:
    lons, lats = around(lon, lat, radius, 200)
    ours, theirs = sql(repr(radius)), sql(repr(radius * share))
    meeting, searched, held = of_points(
        asked,
        lons,
        lats,
        as_integer(intersects(Circle(PLACE, theirs), Circle(point(lon, lat), ours))),
        as_integer(intersects(Circle(point(lon, lat), ours), Circle(STAR, theirs))),
        as_integer(intersects(PLACE, circle(lon, lat, radius + radius * share))),
    ).T
    np.testing.assert_array_equal(meeting, held)
    np.testing.assert_array_equal(searched, held)


def test_two_points_are_refused() -> None:
    with pytest.raises(SkyError):
        intersects(point(1, 1), point(1, 1))
