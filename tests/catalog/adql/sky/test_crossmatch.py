"""Crossmatch joins find each pair once, with the index, also where base cells meet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from cdshealpix.nested import neighbours
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from sqlalchemy import Connection
from sqlglot import exp

from starledger.catalog.adql.sky import crossmatch
from starledger.catalog.adql.sky.containing import contains
from starledger.catalog.adql.sky.intersecting import intersects
from starledger.catalog.adql.sky.motion import epoch_prop_pos
from starledger.catalog.adql.sky.separation import as_close, closer
from starledger.catalog.adql.sky.shapes import Circle, Point
from starledger.schema.sky import healpix_cells
from tests.catalog.adql.sky.asking import Floats, angles, polygon, sql, vectors

N_STARS = 100_000

STAR = Point(sql("a.ra"), sql("a.dec"), sql("a.healpix"), N_STARS)
OTHER_STAR = Point(sql("b.ra"), sql("b.dec"), sql("b.healpix"), 500)
OTHER = Point(sql("b.ra"), sql("b.dec"))

BELT = float(np.degrees(np.arcsin(2 / 3)))
MEETING = vectors(
    *np.transpose(
        [(lon, lat) for lon in (0.0, 90.0, 180.0, 270.0) for lat in (BELT, -BELT)]
        + [(0.0, 90.0), (0.0, -90.0)]
        + [(lon, 0.0) for lon in np.arange(0, 360, 45.0)]
        + [(lon, lat) for lon in (45.0, 135.0, 225.0, 315.0) for lat in (BELT, -BELT)]
        + [(lon, lat) for lon in (0.0, 90.0) for lat in (70.0, -70.0, 89.9)]
    )
)
"""Where three, four or two base cells meet."""


def select(text: str) -> exp.Select:
    """Return a query."""
    query = sql(text)
    assert isinstance(query, exp.Select)
    return query


def fill(connection: Connection, table: str, lon: Floats, lat: Floats, radius: float = 0) -> None:
    """Put positions into a temporary table, in place of what it had."""
    connection.exec_driver_sql(
        f"CREATE TEMP TABLE IF NOT EXISTS {table}"
        " (id bigint, ra float8, dec float8, healpix bigint, radius float8)"
    )
    connection.exec_driver_sql(f"TRUNCATE {table}")
    connection.exec_driver_sql(
        f"INSERT INTO {table} SELECT place, ra, dec, healpix, %s FROM unnest(%s::float8[],"
        " %s::float8[], %s::bigint[]) WITH ORDINALITY AS p(ra, dec, healpix, place)",
        (radius, lon.tolist(), lat.tolist(), healpix_cells(lon, lat).tolist()),
    )


def pairs(connection: Connection, query: exp.Select) -> list[tuple[int, ...]]:
    """Return the sorted answer of a query."""
    return sorted(tuple(row) for row in connection.exec_driver_sql(query.sql("postgres")))


def made_up() -> tuple[Floats, Floats]:
    """Return stars all over the sky and 500 others near some of them, as unit vectors."""
    rng = np.random.default_rng(4)
    stars = rng.normal(size=(N_STARS, 3))
    stars /= np.linalg.norm(stars, axis=1, keepdims=True)
    others = stars[:500] + rng.normal(size=(500, 3)) * np.radians(0.02)
    return stars, others / np.linalg.norm(others, axis=1, keepdims=True)


@cache
def near_pairs(radius: float) -> list[tuple[int, int]]:
    """Return the sorted pairs of a star and an other that are within a radius in degrees."""
    stars, others = made_up()
    near = cKDTree(others).query_ball_point(stars, 2 * np.sin(np.radians(radius) / 2))
    return [(star + 1, other + 1) for star, few in enumerate(near) for other in sorted(few)]


@pytest.fixture(scope="module")
def sky(asked: Connection) -> Iterator[Connection]:
    """Return a connection to a database with the made-up stars, and the others."""
    stars, others = made_up()
    fill(asked, "stars", *angles(stars))
    asked.exec_driver_sql("CREATE INDEX ON stars (healpix)")
    fill(asked, "others", *angles(others), radius=0.02)
    asked.exec_driver_sql("ANALYZE stars")
    asked.exec_driver_sql("ANALYZE others")
    yield asked
    asked.exec_driver_sql("DROP TABLE stars, others")


def test_base_cells_beyond_sides_and_corners_are_cdshealpixs() -> None:
    around = neighbours(np.arange(12), 0)  # S, SE, E, SW, itself, NE, W, NW, N
    np.testing.assert_array_equal(np.array(crossmatch.NEIGHBOUR).T, around)


@given(
    place=st.integers(0, len(MEETING) - 1),
    radius=st.sampled_from([0.0, 9.999]) | st.floats(-9, 1).map(lambda power: 10.0**power),
    of_rows=st.booleans(),
)
@settings(max_examples=60)
def test_ranges_lose_no_pair_where_base_cells_meet(
    asked: Connection, place: int, radius: float, of_rows: bool
) -> None:
    rng = np.random.default_rng(place)
    n, size = 400, np.radians(max(radius, 1e-9))
    centres = MEETING[place] + rng.normal(size=(n, 3)) * size * 10 ** rng.uniform(-2, 0.7, (n, 1))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    away = np.cross(centres, rng.normal(size=(n, 3)))
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    far = np.radians(radius) * rng.uniform(0.9, 1.01, (n, 1))
    lon, lat = angles(centres)
    if radius:
        lon, lat = angles(np.cos(far) * centres + np.sin(far) * away)
    fill(asked, "matched", lon, lat)
    fill(asked, "centres", *angles(centres), radius=radius)
    limit = sql("b.radius" if of_rows else repr(radius))
    query = select("SELECT a.id FROM matched AS a JOIN centres AS b ON a.id = b.id")
    query.where(as_close(STAR, OTHER, limit, query), copy=False)
    plain = select("SELECT a.id FROM matched AS a JOIN centres AS b ON a.id = b.id")
    plain.where(as_close(STAR, OTHER, limit), copy=False)
    assert "_near_1" in query.sql("postgres")
    found = pairs(asked, query)
    assert found == pairs(asked, plain)
    assert len(found) > n / 2


JOINS = (
    "SELECT a.id, b.id FROM stars AS a, others AS b",
    "SELECT a.id, b.id FROM others AS b CROSS JOIN stars AS a",
    "SELECT a.id, b.id FROM (SELECT * FROM others) AS b JOIN stars AS a ON TRUE",
    "SELECT a.id, b.id FROM (others AS b JOIN others AS c ON b.id = c.id) JOIN stars AS a ON TRUE",
)


@pytest.mark.parametrize("text", JOINS)
@pytest.mark.parametrize("limit", ["0.02", "b.radius", "72 / 3600."])
def test_joins_find_each_pair_once_and_use_the_index(
    sky: Connection, text: str, limit: str
) -> None:
    query = select(text)
    query.where(contains(STAR, Circle(OTHER, sql(limit)), query), copy=False)
    assert pairs(sky, query) == near_pairs(0.02)
    assert len(near_pairs(0.02)) > 150
    plan = explained(sky, query)
    assert "Bitmap Index Scan on stars_healpix_idx" in plan
    assert "Seq Scan on stars" not in plan


def explained(connection: Connection, query: exp.Select) -> str:
    """Return PostgreSQL's plan."""
    rows = connection.exec_driver_sql("EXPLAIN " + query.sql("postgres"))
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a.id, b.id FROM others AS b LEFT JOIN stars AS a ON {}",
        "SELECT a.id, b.id FROM stars AS a RIGHT JOIN others AS b ON {}",
    ],
)
def test_outer_joins_keep_what_has_no_match(sky: Connection, text: str) -> None:
    query = select(text.format("TRUE"))
    query.args["joins"][0].set("on", closer(OTHER, STAR, sql("0.01"), query))
    rows = [tuple(row) for row in sky.exec_driver_sql(query.sql("postgres"))]
    found = sorted(row for row in rows if row[0] is not None)
    assert found == near_pairs(0.01)
    alone = {row[1] for row in rows} - {other for _star, other in found}
    assert len(rows) == len(found) + len(alone)
    assert len(alone) > 100
    assert "Bitmap Index Scan on stars_healpix_idx" in explained(sky, query)


def test_of_two_tables_the_larger_is_searched_unless_kept_whole() -> None:
    for text, searched in (
        ("SELECT 1 FROM stars AS a, others AS b", "a"),
        ("SELECT 1 FROM stars AS a LEFT JOIN others AS b ON TRUE", "b"),
        ("SELECT 1 FROM others AS b LEFT JOIN stars AS a ON TRUE", "a"),
        ("SELECT 1 FROM others AS b RIGHT JOIN stars AS a ON TRUE", "b"),
    ):
        query = select(text)
        condition = as_close(OTHER_STAR, STAR, sql("0.1"), query).sql("postgres")
        assert re.findall(r"(\w)\.healpix BETWEEN", condition)[0] == searched


def test_several_conditions_have_items_of_their_own(sky: Connection) -> None:
    text = "SELECT a.id, b.id, c.id FROM stars AS a, others AS b, others AS c"
    query = select(text)
    third = Point(sql("c.ra"), sql("c.dec"))
    query.where(as_close(STAR, OTHER, sql("0.02"), query), copy=False)
    query.where(as_close(STAR, third, sql("0.03"), query), copy=False)
    assert {"_near_1", "_near_2"} <= set(re.findall(r"_near_\d", query.sql("postgres")))
    assert pairs(sky, query) == sorted(
        (star, other, last)
        for star, other in near_pairs(0.02)
        for last_star, last in near_pairs(0.03)
        if star == last_star
    )


def test_moved_positions_are_matched(sky: Connection) -> None:
    text = "SELECT a.id, b.id FROM stars AS a JOIN others AS b ON TRUE"
    query, plain = select(text), select(f"{text} WHERE b.id <= 8")
    moved = epoch_prop_pos(OTHER, None, sql(500), sql("b.id"), None, sql(2000.0), sql(2016.0))
    query.where(as_close(STAR, moved, sql("0.02"), query), copy=False)
    plain.where(as_close(STAR, moved, sql("0.02")), copy=False)
    assert [pair for pair in pairs(sky, query) if pair[1] <= 8] == pairs(sky, plain)
    assert "Bitmap Index Scan on stars_healpix_idx" in explained(sky, query)


def test_circles_of_columns_meet(sky: Connection) -> None:
    text = "SELECT a.id, b.id FROM stars AS a JOIN others AS b ON TRUE"
    query = select(text)
    one, other = Circle(STAR, sql("0.01")), Circle(OTHER, sql("b.radius"))
    query.where(intersects(one, other, query), copy=False)
    assert pairs(sky, query) == near_pairs(0.03)
    assert "stars_healpix_idx" in explained(sky, query)


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        ("a.radius", "SELECT 1 FROM stars AS a, others AS b"),
        ("20", "SELECT 1 FROM stars AS a, others AS b"),
        ("1", "SELECT 1 FROM stars AS a WHERE EXISTS(SELECT 1 FROM others AS b)"),
    ],
)
def test_without_a_way_to_search_the_plain_test_stays(limit: str, text: str) -> None:
    query = select(text)
    condition = as_close(STAR, OTHER, sql(limit), query)
    assert condition.sql("postgres") == as_close(STAR, OTHER, sql(limit)).sql("postgres")
    assert query.sql("postgres") == text


def test_constant_shapes_use_the_index(sky: Connection) -> None:
    for condition in (
        contains(STAR, Circle(Point(sql(359.9), sql(89)), sql(2))),
        contains(STAR, polygon([10, 14, 12], [50, 50, 53])),
        closer(Point(sql(10), sql(-20)), STAR, sql(1)),
    ):
        query = select("SELECT a.id FROM stars AS a").where(condition)
        assert "Bitmap Index Scan on stars_healpix_idx" in explained(sky, query)
        assert 0 < len(pairs(sky, query)) < 200
