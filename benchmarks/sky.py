"""How fast cones and crossmatch joins are, with the ranges of HEALPix cells and without.

    python benchmarks/sky.py [--rows 1000000] [--mine 10000] [--database URL]

The stars lie evenly on the sky, in the order of their cells, as releases store them. Without a
database it uses an embedded one in a folder of its own.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psycopg
from sqlglot import exp, parse_one

from starledger.catalog.adql.sky.containing import contains
from starledger.catalog.adql.sky.separation import as_close
from starledger.catalog.adql.sky.shapes import Circle, Point, Polygon
from starledger.schema.embedded import EmbeddedServer
from starledger.schema.sky import healpix_cells

REPEATS = 7
ARCSEC = "1 / 3600.0"
BATCH = 250_000


def sql(text: str) -> exp.Expr:
    """Return an expression."""
    return parse_one(text, read="postgres")


def position(table: str, rows: int | None = None) -> Point:
    """Return the position of a table's rows, with cells if its number of rows is told."""
    lon, lat, cell = (sql(f"{table}.{name}") for name in ("ra", "dec", "healpix"))
    return Point(lon, lat, None if rows is None else cell, rows)


@contextmanager
def connected(address: str | None) -> Iterator[psycopg.Connection]:
    """Connect to a database, or to an embedded one for a while."""
    if address:
        with psycopg.connect(address, autocommit=True) as connection:
            yield connection
        return
    with tempfile.TemporaryDirectory(prefix="starledger-sky-") as folder:
        Path(folder).chmod(0o755)
        with EmbeddedServer(Path(folder)) as server:
            url = server.url("postgres", "postgres").set(drivername="postgresql")
            text = url.render_as_string(hide_password=False)
            with psycopg.connect(text, autocommit=True) as connection:
                yield connection


def directions(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return unit vectors all over the sky."""
    vectors = rng.normal(size=(n, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def fill(connection: psycopg.Connection, table: str, vectors: np.ndarray) -> None:
    """Make a table of positions in the order of their cells, with an index."""
    lon = np.degrees(np.arctan2(vectors[:, 1], vectors[:, 0])) % 360
    lat = np.degrees(np.arcsin(np.clip(vectors[:, 2], -1, 1)))
    cells = healpix_cells(lon, lat)
    order = np.argsort(cells)
    connection.execute(
        f"CREATE TEMP TABLE {table} (id bigint, ra float8, dec float8, healpix bigint,"
        " labels float8[] DEFAULT array_fill(1.0::float8, ARRAY[20]))"
    )
    with connection.cursor().copy(f"COPY {table} (id, ra, dec, healpix) FROM STDIN") as copy:
        for start in range(0, len(order), BATCH):
            few = order[start : start + BATCH]
            columns = (few.tolist(), lon[few].tolist(), lat[few].tolist(), cells[few].tolist())
            rows = zip(*columns, strict=True)
            copy.write("".join(f"{i}\t{a!r}\t{b!r}\t{c}\n" for i, a, b, c in rows))
    connection.execute(f"CREATE INDEX ON {table} (healpix)")
    connection.execute(f"ANALYZE {table}")


def timed(work: Callable[[], int], repeats: int = REPEATS) -> tuple[str, int]:
    """Return the median and the spread of some repeats in ms, and what the last one returned."""
    taken, n = [], 0
    work()
    for _ in range(repeats):
        start = time.perf_counter()
        n = work()
        taken.append(1e3 * (time.perf_counter() - start))
    return f"{statistics.median(taken):9.1f} ms ({min(taken):.1f} to {max(taken):.1f})", n


def report_regions(connection: psycopg.Connection, n: int) -> None:
    """Time cones and a polygon around changing centres, translation included."""
    rng = np.random.default_rng(2)
    star = position("a", n)

    def ask(make: Callable[[float, float], exp.Expr]) -> int:
        lon, lat = rng.uniform(0, 360), np.degrees(np.arcsin(rng.uniform(-1, 1)))
        condition = make(lon, lat).sql("postgres")
        query = f"SELECT a.id, a.ra, a.dec, a.labels FROM star AS a WHERE {condition}"
        return len(connection.execute(query).fetchall())

    def centre(lon: float, lat: float) -> Point:
        return Point(sql(repr(float(lon))), sql(repr(float(lat))))

    def square(lon: float, lat: float) -> exp.Expr:
        lat = float(np.clip(lat, -80, 80))
        corners = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
        return contains(star, Polygon(tuple(centre(lon + x, lat + y) for x, y in corners)))

    for radius in (0.1, 1.0, 5.0):
        cone = sql(repr(radius))
        text, found = timed(lambda r=cone: ask(lambda x, y: as_close(star, centre(x, y), r)))
        print(f"cone of {radius:g} deg on {n} rows: {text}; {found} rows")
    text, found = timed(lambda: ask(square))
    print(f"polygon of 1 x 1 deg on {n} rows: {text}; {found} rows")


def joined(near: bool, radius: str, kind: str, n: int) -> str:
    """Return a crossmatch join, with or without the ranges of neighbours."""
    query = parse_one(
        f"SELECT count(a.id) FROM mine AS b {kind} star AS a ON TRUE", read="postgres"
    )
    assert isinstance(query, exp.Select)
    circle = Circle(position("b"), sql(radius))
    condition = contains(position("a", n), circle, query if near else None)
    query.args["joins"][0].set("on", condition)
    return query.sql("postgres")


def report_joins(connection: psycopg.Connection, n: int, mine: int) -> None:
    """Time crossmatch joins; the plain nested loop on the first rows of one side only."""

    def count(query: str) -> int:
        row = connection.execute(query).fetchone()
        assert row is not None
        return int(row[0])

    for radius, name in ((f"2 * {ARCSEC}", "2 arcsec"), (f"60 * {ARCSEC}", "1 arcmin")):
        for kind in ("JOIN", "LEFT JOIN"):
            text, found = timed(lambda r=radius, k=kind: count(joined(True, r, k, n)), 5)
            print(f"{mine} {kind} {n} within {name}: {text}; {found} pairs")
    plan = connection.execute("EXPLAIN " + joined(True, f"2 * {ARCSEC}", "JOIN", n)).fetchone()
    print("  the planner's:", plan[0] if plan else "")
    few = max(1, mine // 2000)
    loop = joined(False, f"2 * {ARCSEC}", "JOIN", n).replace(
        "mine AS b", f"(SELECT * FROM mine LIMIT {few}) AS b"
    )
    text, _found = timed(lambda: count(loop), 1)
    print(f"the plain nested loop, {few} rows instead of {mine}: {text}")


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--mine", type=int, default=10_000)
    parser.add_argument("--database")
    asked = parser.parse_args()
    rng = np.random.default_rng(1)
    with connected(asked.database) as connection:
        connection.execute("SET jit = off")
        stars = directions(rng, asked.rows)
        fill(connection, "star", stars)
        near = stars[rng.integers(0, asked.rows, asked.mine)]
        moved = near + rng.normal(size=near.shape) * np.radians(0.5 / 3600)
        fill(connection, "mine", moved / np.linalg.norm(moved, axis=1, keepdims=True))
        report_regions(connection, asked.rows)
        report_joins(connection, asked.rows, asked.mine)


if __name__ == "__main__":
    main()
