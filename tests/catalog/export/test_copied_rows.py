"""Rows come out of the database as they are, whatever is null and however long texts are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from starledger.catalog.export import copied_rows
from starledger.catalog.export.copied_rows import copied
from starledger.catalog.export.errors import ExportError
from starledger.catalog.export.reading import address_of
from starledger.schema.database import Database

pytestmark = pytest.mark.integration

Reader = psycopg.Connection[Any]

KINDS = {
    "boolean": st.booleans(),
    "smallint": st.integers(-(2**15), 2**15 - 1),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "real": st.floats(width=32, allow_nan=False),
    "double precision": st.floats(allow_nan=False),
    "text": st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9),
    "timestamp with time zone": st.datetimes(
        dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1), timezones=st.just(dt.UTC)
    ),
}
ARRAYS = {
    f"{kind}[]": st.lists(st.none() | KINDS[kind], max_size=4)
    for kind in ("smallint", "integer", "bigint", "real", "double precision")
}
ALL = KINDS | ARRAYS
ROW = st.tuples(*(st.none() | one for one in ALL.values()))


@pytest.fixture(scope="module")
def reader(released: Database) -> Iterator[Reader]:
    """Return a connection with an empty table of all types."""
    with psycopg.connect(address_of(released)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        columns = ", ".join(f"c{place} {kind}" for place, kind in enumerate(ALL))
        connection.execute(f"CREATE TEMP TABLE odd (n serial, {columns})".encode())
        yield connection
        connection.rollback()


def _read(connection: Reader, sql: str) -> pa.Table:
    with copied(connection, sql) as rows:
        return pa.Table.from_batches(rows.batches, rows.schema)


@settings(max_examples=60)
@given(rows=st.lists(ROW, max_size=6), batch=st.integers(1, 300))
@example(rows=[(None,) * len(ALL)], batch=1)
@example(rows=[], batch=1)
def test_all_types_come_as_they_are(
    reader: Reader, rows: list[tuple[Any, ...]], batch: int
) -> None:
    reader.execute("TRUNCATE odd")
    places = ", ".join(f"%s::{kind}" for kind in ALL)
    with reader.cursor() as cursor:
        cursor.executemany(f"INSERT INTO odd VALUES (DEFAULT, {places})".encode(), rows)
    names = ", ".join(f"c{place}" for place in range(len(ALL)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copied_rows, "BATCH_BYTES", batch)
        found = _read(reader, f"SELECT {names} FROM odd ORDER BY n")
    assert [tuple(row.values()) for row in found.to_pylist()] == rows
    found.validate(full=True)


def test_what_arrow_has_no_like_of_comes_as_text(reader: Reader) -> None:
    sql = (
        "SELECT 1.50 AS a, date '2020-01-01' AS b, 7 AS c, '{\"a\": 1}'::jsonb AS d,"
        " 'x'::char(3) AS e, '{a,b}'::text[] AS f"
    )
    (row,) = zip(*_read(reader, sql).to_pydict().values(), strict=True)
    assert row == ("1.50", "2020-01-01", 7, '{"a": 1}', "x  ", "{a,b}")


def test_names_may_be_the_same(reader: Reader) -> None:
    found = _read(reader, "SELECT 1 AS a, 2.5 AS a, 'x' AS \"b c\" -- and that is all")
    assert (found.column_names, found.column(1).to_pylist()) == (["a", "a", "b c"], ["2.5"])


def test_order_is_kept_where_types_are_cast(reader: Reader) -> None:
    sql = "SELECT g::numeric FROM generate_series(1, 1000) g ORDER BY -g"
    assert _read(reader, sql).column(0).to_pylist() == [str(g) for g in range(1000, 0, -1)]


def test_arrays_of_arrays_are_refused(reader: Reader) -> None:
    with pytest.raises(ExportError, match="more than one dimension"):
        _read(reader, "SELECT '{{1,2},{3,4}}'::int[]")


def test_an_error_among_the_rows_is_the_servers(reader: Reader) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        _read(reader, "SELECT 1 / (90000 - g) FROM generate_series(1, 100000) g")
    reader.rollback()
    assert _read(reader, "SELECT 1 AS one").to_pylist() == [{"one": 1}]


def test_a_long_text_comes_whole(reader: Reader) -> None:
    sql = "SELECT repeat('é', 3000000 * (g % 2)), g FROM generate_series(1, 4) g"
    texts, numbers = _read(reader, sql).columns
    assert [len(one) for one in texts.to_pylist()] == [3_000_000, 0, 3_000_000, 0]
    assert numbers.to_pylist() == [1, 2, 3, 4]
