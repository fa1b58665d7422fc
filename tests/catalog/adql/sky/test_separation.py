"""DISTANCE agrees with astropy, and circles hold what lies near enough."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from starledger.catalog.adql.sky.separation import as_close, as_integer, closer, distance
from tests.catalog.adql.sky.asking import (
    PLACE,
    STAR,
    answered,
    around,
    of_points,
    offset,
    point,
    sql,
)

LON = st.sampled_from([0.0, 360.0, 45.0, 90.0, 180.0, -30.0, 400.0]) | st.floats(-360, 720)
LAT = st.sampled_from([0.0, 90.0, -90.0, 1e-300, 41.8103148957786]) | st.floats(-90, 90)
RADIUS = (
    st.sampled_from([0.0, 90.0, 180.0, 2.7e-7, 179.999999])
    | st.floats(0, 180)
    | st.floats(-8, 2).map(lambda power: 10.0**power).filter(lambda size: size <= 180)
)


@given(lon=LON, lat=LAT, other_lon=LON, other_lat=LAT)
@settings(max_examples=200)
def test_distance_is_astropys(
    asked: Connection, lon: float, lat: float, other_lon: float, other_lat: float
) -> None:
    (ours,) = answered(asked, distance(point(lon, lat), point(other_lon, other_lat)))
    theirs = SkyCoord(lon, lat, unit="deg").separation(SkyCoord(other_lon, other_lat, unit="deg"))
    assert ours == pytest.approx(theirs.deg, rel=1e-12, abs=2e-13)


@given(lon=LON, lat=LAT)
@settings(max_examples=40)
@pytest.mark.parametrize("size", [1e-9, 1e-4, 1.0, 60.0])
def test_distances_of_rows_are_right_when_small_and_at_opposite_points(
    asked: Connection, lon: float, lat: float, size: float
) -> None:
    far = np.radians(np.linspace(0, size, 20))
    lons, lats = offset(lon, lat, np.linspace(0, 6, 20), far)
    opposite = point(lon + 180, -lat)
    got = of_points(asked, lons, lats, distance(PLACE, point(lon, lat)), distance(opposite, PLACE))
    np.testing.assert_allclose(got[:, 0], np.degrees(far), rtol=1e-12, atol=5e-13)
    np.testing.assert_allclose(got[:, 1], 180 - np.degrees(far), rtol=1e-12, atol=5e-13)


def test_a_position_lies_at_no_distance_from_itself(asked: Connection) -> None:
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(0, 360, 200), rng.uniform(-90, 90, 200)
    got = of_points(asked, lon, lat, distance(PLACE, PLACE), as_close(PLACE, PLACE, sql(0.0)))
    assert (got[:, 0] == 0).all()
    assert got[:, 1].all()


@given(lon=LON, lat=LAT, radius=RADIUS)
@settings(max_examples=100)
def test_circles_hold_what_is_near_enough_and_their_ranges_lose_none(
    asked: Connection, lon: float, lat: float, radius: float
) -> None:
    lons, lats = around(lon, lat, max(radius, 1e-8), 300)
    centre, limit = point(lon, lat), sql(radius)
    plain, ranged, strict, apart = of_points(
        asked,
        lons,
        lats,
        as_integer(as_close(PLACE, centre, limit)),
        as_integer(as_close(STAR, centre, limit)),
        as_integer(closer(centre, STAR, limit)),
        distance(PLACE, centre),
    ).T
    clear = np.abs(apart - radius) > 1e-12
    if radius > 179:  # half the angle has fewer digits here
        clear = np.abs(apart - radius) > 2e-6
    np.testing.assert_array_equal(plain[clear], (apart <= radius)[clear])
    np.testing.assert_array_equal(ranged, plain)
    np.testing.assert_array_equal(strict[clear], plain[clear])


def test_limits_of_rows(asked: Connection) -> None:
    limits = "(ARRAY[-1, 0, 10, 200, NULL, 'Infinity'::float8])[p.ra::int]"
    got = of_points(
        asked, [1, 2, 3, 4, 5, 6], 0, as_close(point("p.ra", 1), point("p.ra", 9), sql(limits))
    )
    assert got[:, 0].tolist() == [False, False, True, True, None, True]


@pytest.mark.parametrize("limit", [-1.0, 0.0])
def test_nothing_is_closer_than_nought(asked: Connection, limit: float) -> None:
    here = point(1, 2)
    assert answered(asked, closer(here, here, sql(limit))) == (False,)


@pytest.mark.parametrize("odd", ["'Infinity'", "'-Infinity'", "'NaN'", "NULL"])
def test_what_is_no_angle_makes_null(asked: Connection, odd: str) -> None:
    nowhere = point(f"CAST({odd} AS DOUBLE PRECISION)", 3)
    assert answered(asked, distance(nowhere, point(1, 2))) == (None,)
    assert answered(asked, as_close(nowhere, point(1, 2), sql(400))) == (None,)


def test_tiny_numbers_make_no_underflow(asked: Connection) -> None:
    tiny = [5e-324, 1e-300, -1e-170, 1e-30, 0.0]
    for other in (point(0, 0), point(5e-324, -1e-200), point(90, 90)):
        got = of_points(
            asked, tiny, tiny[::-1], distance(PLACE, other), as_close(PLACE, other, sql(90))
        )
        assert got[:, 1].all()
