"""Rows come out of a transaction that may not write."""

from __future__ import annotations

import signal
import threading

import pytest
from sqlalchemy import text

from starledger.catalog.export.errors import ExportFailed
from starledger.catalog.export.reading import reading
from starledger.schema.database import Database
from starledger.schema.errors import DatabaseError
from starledger.schema.roles import Role


def test_rows_come_in_batches_of_bounded_size(released: Database) -> None:
    with reading(
        released, "SELECT g, repeat('a', 100) FROM generate_series(1, 200000) g"
    ) as reader:
        sizes = [batch.nbytes for batch in reader]
    assert len(sizes) > 1
    assert max(sizes) < 2 * (1 << 23)


def test_types_arrive_as_they_are(released: Database) -> None:
    sql = "SELECT 1::smallint, 2, 3::bigint, 1.5::real, 2.5::float8, 'é'::text, true, NULL::bigint"
    with reading(released, sql) as reader:
        table = reader.read_all()
    kinds = [str(one.type) for one in table.schema]
    assert kinds == ["int16", "int32", "int64", "float", "double", "string", "bool", "int64"]
    assert [column.to_pylist()[0] for column in table.columns] == [
        1, 2, 3, 1.5, 2.5, "é", True, None,
    ]  # fmt: skip


def test_asks_as_the_reader_and_may_not_write(released: Database) -> None:
    with reading(released, "SELECT current_user::text") as reader:
        assert reader.read_all().column(0).to_pylist() == [Role.READER.value]
    with reading(released, "SELECT current_setting('transaction_read_only')") as reader:
        assert reader.read_all().column(0).to_pylist() == ["on"]


def test_statements_come_before(released: Database) -> None:
    before = ["CREATE TEMP TABLE mine ON COMMIT DROP AS SELECT 7 AS n"]
    with reading(released, "SELECT n FROM mine", before=before) as reader:
        assert reader.read_all().column(0).to_pylist() == [7]


AN_HOUR = "SELECT repeat('a', 100), pg_sleep(g / 30000 * 3600) FROM generate_series(1, 30000) g"
"""The last row of which takes as long; more than one batch comes before."""

SLEEPING = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")


def _wait_until(database: Database, sleeping: int) -> None:
    # Who asks sees what others of the same role do.
    with database.engine(Role.READER).connect() as connection:
        while connection.scalar(SLEEPING) != sleeping:
            connection.rollback()


def test_who_stops_early_does_not_wait_for_the_server(released: Database) -> None:
    with reading(released, AN_HOUR) as reader:
        assert reader.read_next_batch().num_rows > 0
        _wait_until(released, 1)
    _wait_until(released, 0)
    with pytest.raises(KeyError), reading(released, AN_HOUR) as reader:
        reader.read_next_batch().column("nothing")
    _wait_until(released, 0)
    assert not any(thread.name == "ahead" for thread in threading.enumerate())


def test_ctrl_c_ends_the_query_while_the_next_rows_are_waited_for(released: Database) -> None:
    main = threading.get_ident()

    def interrupt() -> None:
        _wait_until(released, 1)
        signal.pthread_kill(main, signal.SIGINT)

    other = threading.Thread(target=interrupt)
    with reading(released, AN_HOUR) as reader:
        reader.read_next_batch()
        other.start()
        with pytest.raises(KeyboardInterrupt):
            reader.read_next_batch()
    other.join()
    _wait_until(released, 0)


def test_the_server_gives_up_in_time(released: Database) -> None:
    with (
        pytest.raises(ExportFailed, match="statement timeout"),
        reading(released, "SELECT pg_sleep(60)::text", time_limit=0.05) as reader,
    ):
        reader.read_all()


def test_breaking_off_among_the_rows_is_said(released: Database) -> None:
    sql = "SELECT 1 / (200000 - g) FROM generate_series(1, 300000) g"
    with pytest.raises(ExportFailed, match="division by zero"), reading(released, sql) as reader:
        for _ in reader:
            pass


def test_a_server_that_is_not_there(released: Database) -> None:
    urls = {role: url.set(database="nowhere") for role, url in released.urls.items()}
    with (
        pytest.raises(DatabaseError, match="no such database"),
        reading(Database(urls), "SELECT 1"),
    ):
        pass
