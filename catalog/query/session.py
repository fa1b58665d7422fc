"""Sessions of the reader: one transaction each, within limits, which leaves nothing behind."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as driver
import pyarrow as pa

from starledger.catalog.export.reading import address_of
from starledger.catalog.query.limits import Limits
from starledger.catalog.query.uploads.upload import Upload
from starledger.schema.closing import Closing
from starledger.schema.database import Database, explained
from starledger.schema.roles import Role

_LIMITS = """
SELECT set_config('search_path', '', true), set_config('TimeZone', 'UTC', true),
    set_config('jit', 'off', true),
    set_config('statement_timeout', '{milliseconds}', true),
    set_config('work_mem', '{sort_memory}MB', true),
    CASE WHEN has_parameter_privilege('temp_file_limit', 'SET')
        THEN set_config('temp_file_limit', '{disk}MB', true) END
"""
"""Nothing is found that is not named by its schema. Compiling plans costs more than it gives."""

_NO_COPY = {"adbc.postgresql.use_copy": "false"}


class Session:
    """A transaction of the reader.

    Parameters
    ----------
    connection
        Its own until it ends.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._plain = connection.cursor()
        self._plain.adbc_statement.set_options(**_NO_COPY)

    def begin(self, limits: Limits) -> None:
        """Open the transaction and set its limits."""
        self._plain.execute("BEGIN")
        self._plain.execute(
            _LIMITS.format(
                milliseconds=max(1, round(limits.seconds * 1000)),
                sort_memory=limits.sort_memory,
                disk=limits.disk,
            )
        )

    def bring(self, uploads: Iterable[Upload]) -> None:
        """Make temporary tables, which nobody else sees and which end with us; then only read."""
        for one in uploads:
            self._send(one)
        self._plain.execute("SET TRANSACTION READ ONLY")

    def _send(self, upload: Upload) -> None:
        columns = ", ".join(f"{_quoted(one.name)} {one.type}" for one in upload.fields)
        name = upload.relation.partition(".")[2]
        self._plain.execute(f"CREATE TEMP TABLE {name} ({columns}) ON COMMIT DROP")
        if upload.rows.num_rows:
            self._cursor.adbc_ingest(name, upload.rows, mode="append", temporary=True)
        self._plain.execute(f"ANALYZE {upload.relation}")

    def plan(self, sql: str, *options: str) -> str:
        """Return how PostgreSQL would run a query, as it tells it."""
        said = ", ".join(options)
        rows = self._plain.execute(f"EXPLAIN ({said}) {sql}").fetchall()
        return "\n".join(row[0] for row in rows)

    def table(self, sql: str) -> pa.Table:
        """Return the whole answer to a query."""
        return self._cursor.execute(sql).fetch_arrow_table()

    def reader(self, sql: str) -> pa.RecordBatchReader:
        """Return the answer to a query, whose rows come as they are asked for."""
        return self._cursor.execute(sql).fetch_record_batch()

    def cancel(self) -> None:
        """Make the server end what it is doing for us; called from another thread."""
        for cursor in (self._cursor, self._plain):
            with suppress(adbc_driver_manager.Error):
                cursor.adbc_cancel()

    def end(self) -> None:
        """Undo everything, temporary tables included.

        Raises
        ------
        adbc_driver_manager.Error
            The connection is no good any more.
        """
        self._cursor.close()
        try:
            self._plain.execute("ROLLBACK")
        finally:
            self._plain.close()


class Readers(Closing):
    """Connections of the reader's role, kept for the next query.

    The driver learns the server's types when the first one is made, which takes a while.

    Parameters
    ----------
    database
        Whose.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._first: Any = None
        self._idle: list[Any] = []

    @contextmanager
    def session(self, limits: Limits) -> Iterator[Session]:
        """Give a session for a while; what it made is gone afterwards."""
        connection, session = self._begun(limits)
        try:
            yield session
        finally:
            try:
                session.end()
            except adbc_driver_manager.Error:
                connection.close()
            else:
                with self._lock:
                    self._idle.append(connection)

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            gone, self._idle = self._idle, []
            first, self._first = self._first, None
        for connection in gone:
            connection.close()
        if first is not None:
            first.close()

    def _begun(self, limits: Limits) -> tuple[Any, Session]:
        """Return a connection with its session; those that the server has closed are let go."""
        while (connection := self._taken()) is not None:
            session = Session(connection)
            try:
                session.begin(limits)
            except adbc_driver_manager.Error:
                with suppress(adbc_driver_manager.Error):
                    session.end()
                connection.close()
            else:
                return connection, session
        connection = self._made()
        session = Session(connection)
        session.begin(limits)
        return connection, session

    def _taken(self) -> Any:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _made(self) -> Any:
        try:
            with self._lock:
                if self._first is None:
                    self._first = driver.connect(address_of(self._database), autocommit=True)
            return self._first.adbc_clone()
        except adbc_driver_manager.Error:
            # The other driver's errors say what can be done about them.
            with explained(self._database.address), self._database.engine(Role.READER).connect():
                raise


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
