"""HEALPix in SQL agrees with cdshealpix: every order, poles, borders, right ascensions beyond 360."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.coordinates import Latitude, Longitude
from cdshealpix.nested import healpix_to_lonlat, lonlat_to_healpix
from sqlalchemy import Connection

from starledger.catalog.adql.sky.errors import SkyError
from starledger.catalog.adql.sky.healpix import healpix_center, healpix_index
from starledger.catalog.adql.sky.measuring import coord1, coord2
from tests.catalog.adql.sky.asking import PLACE, Floats, answered, of_points, point, sql

ORDERS = [0, 1, 2, 7, 13, 20, 29]


def cells(lon: Floats, lat: Floats, order: int) -> np.ndarray:
    """Return what cdshealpix says."""
    found: np.ndarray = lonlat_to_healpix(
        Longitude(lon, "deg"), Latitude(lat, "deg"), order
    ).astype(np.int64)
    return found


def scattered() -> tuple[Floats, Floats]:
    """Return positions everywhere, many very near the poles, base cells' borders and the equator."""
    rng = np.random.default_rng(11)
    n = 4000
    lon, lat = rng.uniform(-360, 720, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))
    tiny = 10 ** rng.uniform(-9, -1, n) * rng.choice([-1, 1], n)
    lat[:500] = 90 - np.abs(tiny[:500])
    lat[500:1000] = -90 + np.abs(tiny[500:1000])
    lat[1000:1300] = np.degrees(np.arcsin(2 / 3)) + tiny[1000:1300]
    lat[1300:1600] = tiny[1300:1600]
    lon[1600:2200] = 45.0 * rng.integers(0, 8, 600) + tiny[1600:2200]
    return lon, lat


@pytest.mark.parametrize("order", ORDERS)
def test_index(asked: Connection, order: int) -> None:
    lon, lat = scattered()
    column = healpix_index(sql(f"{order} + 0 * p.healpix"), PLACE)
    got = of_points(asked, lon, lat, healpix_index(sql(order), PLACE), column)
    expected = cells(lon, lat, order)
    np.testing.assert_array_equal(got[:, 1], got[:, 0])
    differ = np.flatnonzero(got[:, 0] != expected)
    # The smallest cells are some millions of roundings wide.
    assert len(differ) <= 2
    for place in differ:
        beside = cells(
            lon[place] + np.array([-1, 1, 0, 0]) * 1e-13,
            lat[place] + np.array([0, 0, -1, 1]) * 1e-13,
            order,
        )
        assert got[place, 0] in beside


@pytest.mark.parametrize("order", ORDERS)
def test_index_at_the_poles_and_on_borders_is_a_cell_that_touches(
    asked: Connection, order: int
) -> None:
    lon = np.array([0.0, 45, 90, 135, 180, 270, 300, 360] * 5)
    lat = np.repeat([90.0, -90.0, 0.0, 41.810314895778596, -41.810314895778596], 8)
    got = of_points(asked, lon, lat, healpix_index(sql(order), PLACE))[:, 0]
    for x, y, cell in zip(lon, lat, got, strict=True):
        step = 1e-12 * np.array([[-1, 0], [1, 0], [0, -1], [0, 1]])
        lons = np.concatenate([x + step[:, 0], np.arange(0, 360, 30.0)])
        lats = np.clip(np.concatenate([y + step[:, 1], np.full(12, y)]), -90, 90)
        near = lons if abs(y) == 90 else lons[:4]
        assert cell in cells(near, lats[: len(near)], order)


@pytest.mark.parametrize("order", ORDERS)
def test_centre(asked: Connection, order: int) -> None:
    rng = np.random.default_rng(2)
    last = 12 * 4**order - 1
    index = np.unique(
        np.concatenate([[0, last, last // 3, last // 2], rng.integers(0, last + 1, 2000)])
    )
    centre = healpix_center(sql(order), sql("p.cell"))
    rows = asked.exec_driver_sql(
        f"SELECT {coord1(centre).sql('postgres')}, {coord2(centre).sql('postgres')}"
        " FROM unnest(%s::bigint[]) WITH ORDINALITY AS p(cell, place) ORDER BY place",
        (index.tolist(),),
    )
    lon, lat = np.array([tuple(row) for row in rows]).T
    their_lon, their_lat = healpix_to_lonlat(index, order)
    turn = (lon - their_lon.deg + 180) % 360 - 180
    np.testing.assert_allclose(turn * np.cos(their_lat.rad), 0, atol=2e-13)
    np.testing.assert_allclose(lat, their_lat.deg, rtol=0, atol=1e-13)


def test_what_is_not_there_is_null(asked: Connection) -> None:
    nowhere = point("CAST('NaN' AS DOUBLE PRECISION)", 1)
    for cell in (-1, 48, "CAST(NULL AS BIGINT)"):
        assert answered(asked, coord1(healpix_center(sql(1), sql(cell)))) == (None,)
    assert answered(asked, healpix_index(sql(3), nowhere)) == (None,)
    assert of_points(asked, 1, 1, healpix_index(sql("p.ra::int + 29"), PLACE))[0, 0] is None


@pytest.mark.parametrize("order", [-1, 30, 1.5])
def test_orders_that_are_none(order: float) -> None:
    with pytest.raises(SkyError, match="HEALPix has no order"):
        healpix_index(sql(order), point(1, 2))
