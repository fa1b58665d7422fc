"""Sessions of the reader: rights, limits, temporary tables, and what is left of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from astropy.table import Table
from sqlalchemy import text

from starledger.catalog.query.errors import QueryFailed, QueryRefused
from starledger.catalog.query.failures import about_the_query
from starledger.catalog.query.limits import Limits
from starledger.catalog.query.session import Readers
from starledger.catalog.query.uploads.upload import Upload, read_uploads
from starledger.schema.database import Database
from starledger.schema.errors import StarledgerError
from starledger.schema.roles import Role
from tests.conftest import Server

pytestmark = pytest.mark.integration

ENDLESS = "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b"
LIMITS = Limits(seconds=30)


@pytest.fixture
def readers(ledger_of_releases: Database) -> Iterator[Readers]:
    """Return connections of the reader."""
    with Readers(ledger_of_releases) as readers:
        yield readers


def upload(**columns: Any) -> Upload:
    """Return a table that is called mine."""
    (made,) = read_uploads({"mine": Table(columns)}, 1 << 20)
    return made


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM ledger.fit",
        "SELECT * FROM ledger.release",
        "SELECT * FROM pg_authid",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
    ],
)
def test_readers_reach_releases_alone(readers: Readers, sql: str) -> None:
    """Even if the language let such a thing through, the role has no right to it."""
    with readers.session(LIMITS) as session:
        session.bring(())
        with pytest.raises(QueryRefused, match="may not read"), about_the_query(LIMITS):
            session.table(sql)


@pytest.mark.parametrize(
    "sql",
    ["CREATE TEMP TABLE x (y integer)", "CREATE TABLE x (y integer)", "DROP VIEW dr1.star",
     "SELECT nextval('ledger.run_run_id_seq')", "SET TRANSACTION READ WRITE"],
)  # fmt: skip
def test_nothing_is_written(readers: Readers, sql: str) -> None:
    with readers.session(LIMITS) as session:
        session.bring(())
        session.table("SELECT 1 AS one")
        with pytest.raises(psycopg.Error):
            session._connection.execute(sql.encode())


def test_only_its_own_session_sees_an_upload(readers: Readers) -> None:
    mine, other = upload(a=[1, 2]), upload(b=["x"])
    with readers.session(LIMITS) as first, readers.session(LIMITS) as second:
        first.bring([mine])
        second.bring([other])
        assert first.table(f"SELECT * FROM {mine.relation}").to_pydict() == {"a": [1, 2]}
        assert second.table(f"SELECT * FROM {other.relation}").to_pydict() == {"b": ["x"]}


def test_an_upload_is_gone_with_its_session(readers: Readers) -> None:
    mine = upload(a=[1, 2])
    for _ in range(2):
        with readers.session(LIMITS) as session:
            session.bring([mine])
            assert session.table(f"SELECT * FROM {mine.relation}").num_rows == 2
    with pytest.raises(psycopg.Error), readers.session(LIMITS) as session:
        session.table(f"SELECT * FROM {mine.relation}")


def test_columns_of_any_name_are_sent(readers: Readers) -> None:
    mine = upload(**{'S/N "g"': [1.5], "select": [7], "α": ["x"]})
    with readers.session(LIMITS) as session:
        session.bring([mine])
        found = session.table(f"SELECT * FROM {mine.relation}").to_pylist()
    assert found == [{'S/N "g"': 1.5, "select": 7, "α": "x"}]


def test_the_limit_of_time_ends_a_query(readers: Readers) -> None:
    limits = Limits(seconds=0.2)
    with (
        pytest.raises(QueryRefused, match=r"longer than the 0\.2 s"),
        about_the_query(limits),
        readers.session(limits) as session,
    ):
        session.table(ENDLESS)


def test_the_limit_of_time_ends_a_query_whose_rows_come(readers: Readers) -> None:
    limits = Limits(seconds=0.2)
    with (
        pytest.raises(QueryRefused, match=r"longer than the 0\.2 s"),
        about_the_query(limits),
        readers.session(limits) as session,
        session.rows(ENDLESS) as rows,
    ):
        list(rows.batches)


def test_who_stops_early_does_not_wait_for_the_server(readers: Readers) -> None:
    """The last row would take an hour."""
    sql = "SELECT repeat('a', 100), pg_sleep(g / 100000 * 3600) FROM generate_series(1, 100000) g"
    with readers.session(Limits(seconds=3600)) as session, session.rows(sql) as rows:
        assert next(rows.batches).num_rows > 0
    with readers.session(LIMITS) as session:
        assert session.table("SELECT 1 AS one").to_pydict() == {"one": [1]}


def test_one_statement_is_asked_at_a_time(readers: Readers) -> None:
    with readers.session(LIMITS) as session:
        for sql in ("SELECT 1; SELECT 2", "SELECT 1) TO STDOUT; SELECT (2"):
            with pytest.raises(psycopg.Error):
                session.plan(sql, "COSTS")
            session.end()
            with pytest.raises(psycopg.Error):
                session.table(sql)
            session.end()


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT 1 / (g - g) FROM generate_series(1, 3) g", "divides by zero"),
        ("SELECT (g * 100000)::smallint FROM generate_series(1, 3) g", "too large"),
        ("SELECT ln((g - g)::float8) FROM generate_series(1, 3) g", "logarithm"),
        ("SELECT sqrt((-g)::float8) FROM generate_series(1, 3) g", "root"),
        ("SELECT power((-g)::float8, 0.5) FROM generate_series(1, 3) g", "root"),
        ("SELECT asin(2.0 * g) FROM generate_series(1, 3) g", "too large or too small"),
        ("SELECT ('x' || g)::integer FROM generate_series(1, 3) g", "not of the type"),
        ("SELECT (SELECT a FROM generate_series(1, g) a) FROM generate_series(1, 3) g",
         "gives several rows"),
        ("SELECT 'a'::text = g FROM generate_series(1, 3) g", r"text = integer\. Mend it"),
    ],
)  # fmt: skip
def test_errors_speak_of_the_query(readers: Readers, sql: str, said: str) -> None:
    failing = pytest.raises(QueryFailed, match=said)
    with failing as whole, about_the_query(LIMITS), readers.session(LIMITS) as session:
        session.table(sql)
    with (
        failing as streamed,
        about_the_query(LIMITS),
        readers.session(LIMITS) as session,
        session.rows(sql) as rows,
    ):
        list(rows.batches)
    for raised in (whole, streamed):
        assert "libpq" not in str(raised.value)
        assert "COPY" not in str(raised.value)


def test_a_connection_that_the_server_closed_is_replaced(
    readers: Readers, ledger_of_releases: Database
) -> None:
    with readers.session(LIMITS) as session:
        session.table("SELECT 1 AS one")
    ended = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = :name AND query = 'ROLLBACK'"
    )
    with ledger_of_releases.engine(Role.READER).connect() as connection:
        connection.execute(text(ended), {"name": "starledger reader"})
    with readers.session(LIMITS) as session:
        assert session.table("SELECT 1 AS one").num_rows == 1


def test_who_cannot_connect_is_told_why(server: Server, ledger_of_releases: Database) -> None:
    urls = dict(ledger_of_releases.urls)
    urls[Role.READER] = urls[Role.READER].set(database="there_is_none")
    database = Database(urls)
    with pytest.raises(StarledgerError, match="no such database"), Readers(database) as readers:  # noqa: SIM117
        with readers.session(LIMITS):
            pass
    database.close()
