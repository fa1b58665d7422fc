"""Positions at other epochs agree with astropy's space motion."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time
from sqlalchemy import Connection

from starledger.catalog.adql.sky.measuring import coord1, coord2
from starledger.catalog.adql.sky.motion import epoch_prop_pos
from tests.catalog.adql.sky.asking import PLACE, answered, of_points, point, sql


@pytest.mark.filterwarnings("ignore:ERFA function")
@pytest.mark.parametrize("years", [-80.0, 0.5, 40.0])
@pytest.mark.parametrize(
    ("parallax", "pmra", "pmdec", "rv"),
    [(5.0, 10.0, -20.0, 30.0), (545.4, -801.6, 10362.4, -110.5), (1.0, 800.0, 300.0, 200.0)],
)
def test_space_motion_is_astropys(
    asked: Connection, years: float, parallax: float, pmra: float, pmdec: float, rv: float
) -> None:
    lon = np.array([0.0, 359.99999, 269.45, 10.0, 200.0])
    lat = np.array([0.0, 30.0, 4.7, 89.999, -89.99])
    moved = epoch_prop_pos(
        PLACE, *map(sql, (parallax, pmra, pmdec, rv)), sql(2016.0), sql(2016.0 + years)
    )
    got = of_points(asked, lon, lat, coord1(moved), coord2(moved)).astype(float)
    before = SkyCoord(
        lon * u.deg,
        lat * u.deg,
        distance=np.full(5, 1000 / parallax) * u.pc,
        pm_ra_cosdec=np.full(5, pmra) * u.mas / u.yr,
        pm_dec=np.full(5, pmdec) * u.mas / u.yr,
        radial_velocity=np.full(5, rv) * u.km / u.s,
        obstime=Time(2016.0, format="jyear", scale="tdb"),
    )
    after = before.apply_space_motion(Time(2016.0 + years, format="jyear", scale="tdb"))
    ours = SkyCoord(got[:, 0] * u.deg, got[:, 1] * u.deg)
    assert ours.separation(SkyCoord(after.ra, after.dec)).mas.max() < 1.0
    assert ((got[:, 0] >= 0) & (got[:, 0] < 360)).all()


def test_what_is_missing_counts_as_nought(asked: Connection) -> None:
    gone = sql("CAST(NULL AS REAL)")
    still = epoch_prop_pos(point(10, 20), gone, gone, gone, gone, sql(2016.0), sql(2000))
    straight = epoch_prop_pos(point(10, 20), None, sql(3), sql(4), None, sql(2016.0), sql(2000))
    same = epoch_prop_pos(point(10, 20), sql(5), sql(3), sql(4), gone, sql(2016.0), sql(2000))
    assert answered(asked, coord1(still), coord2(still)) == pytest.approx((10, 20), abs=1e-13)
    assert answered(asked, coord1(straight), coord2(straight)) == answered(
        asked, coord1(same), coord2(same)
    )


def test_no_position_or_epoch_no_answer(asked: Connection) -> None:
    nothing = "CAST(NULL AS DOUBLE PRECISION)"
    for place, epoch in ((point(nothing, 1), 2000), (point(1, 1), nothing), (point(1, 1), 1e300)):
        moved = epoch_prop_pos(place, sql(1), sql(1), sql(1), sql(1), sql(2016), sql(epoch))
        assert answered(asked, coord1(moved), coord2(moved)) == (None, None)


@pytest.mark.parametrize("motion", ["1e-320", "'Infinity'", "'NaN'", "1e300"])
def test_odd_motions_make_no_error(asked: Connection, motion: str) -> None:
    odd = sql(f"CAST({motion} AS DOUBLE PRECISION)")
    moved = epoch_prop_pos(point(1, 1), odd, odd, odd, odd, sql(2016.0), sql(2000.0))
    assert answered(asked, coord1(moved))[0] == pytest.approx(1.0)
