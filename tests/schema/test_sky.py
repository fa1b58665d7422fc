"""Cones on the sky: every position within is found, none without, at the poles and across 0 h."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Double, column, select, values

from starledger.schema.sky import cone_ranges, healpix_cells, within_cone
from tests.schema.sphere import separation

RA = st.floats(0, 360, exclude_max=True)
DEC = st.floats(-90, 90)
RADIUS = st.just(0.0) | st.floats(1e-9, 1e-5) | st.floats(1e-5, 180)


def around(ra: float, dec: float, radius: float, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Return positions scattered around a centre, many near the rim."""
    rng = np.random.default_rng(1)
    decs = np.clip(dec + rng.uniform(-1.5, 1.5, n) * radius, -90, 90)
    stretch = np.maximum(np.cos(np.radians(decs)), 1e-3)
    ras = (ra + rng.uniform(-1.5, 1.5, n) * radius / stretch) % 360
    return np.where(ras == 360, 0, ras), decs


@given(ra=RA, dec=DEC, radius=RADIUS)
@settings(max_examples=100)
def test_ranges_cover_the_cone(ra: float, dec: float, radius: float) -> None:
    ranges = np.array(cone_ranges(ra, dec, radius))
    ras, decs = around(ra, dec, radius)
    cells = healpix_cells(ras, decs)[:, None]
    found = np.any((cells >= ranges[:, 0]) & (cells <= ranges[:, 1]), axis=1, keepdims=True)
    inside = np.flatnonzero(separation(ra, dec, ras, decs) <= radius)
    assert found[inside].all()


@given(ra=RA, dec=DEC, radius=RADIUS)
@settings(max_examples=50)
def test_ranges_are_apart_in_order_and_few(ra: float, dec: float, radius: float) -> None:
    ranges = np.array(cone_ranges(ra, dec, radius))
    assert (ranges[:, 0] <= ranges[:, 1]).all()
    assert (ranges[1:, 0] > ranges[:-1, 1] + 1).all()
    assert len(ranges) <= 150


def test_the_whole_sky_is_one_range() -> None:
    assert cone_ranges(12.0, 34.0, 180.0) == [(0, 12 * 4**29 - 1)]


class Points:
    """Stands for a table with positions."""

    table = values(column("ra", Double), column("dec", Double), column("healpix"), name="points")


@pytest.mark.integration
@pytest.mark.parametrize(
    ("ra", "dec", "radius"),
    [
        (0.0, 0.0, 2.0),
        (359.999, -10.0, 0.5),
        (123.0, 90.0, 1.0),
        (10.0, -89.99, 0.1),
        (200.0, 45.0, 1e-4),
        (80.0, 20.0, 25.0),
    ],
)
def test_within_cone_agrees_with_unit_vectors(
    ra: float, dec: float, radius: float, connection: Connection
) -> None:
    ras, decs = around(ra, dec, radius, 1000)
    cells = healpix_cells(ras, decs)
    rows = list(zip(ras.tolist(), decs.tolist(), cells.tolist(), strict=True))
    points = Points.table.data(rows).alias("points")
    found = connection.execute(
        select(points.c.ra, points.c.dec).where(within_cone(points.c, ra, dec, radius))
    ).all()
    inside = np.flatnonzero(separation(ra, dec, ras, decs) <= radius)
    expected = set(zip(ras[inside].tolist(), decs[inside].tolist(), strict=True))
    assert {tuple(row) for row in found} == expected
    assert 0 < len(expected) < 1000
