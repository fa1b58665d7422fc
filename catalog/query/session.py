"""Sessions of the reader: one transaction each, within limits, which leaves nothing behind."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
import pyarrow as pa

from starledger.catalog.export.copied_rows import Copied, copied
from starledger.catalog.export.reading import address_of
from starledger.catalog.query.limits import Limits
from starledger.catalog.query.uploads.upload import Upload
from starledger.schema.closing import Closing
from starledger.schema.copying import copy_rows
from starledger.schema.database import Database, explained

_LIMITS = """
SELECT set_config('search_path', '', true), set_config('TimeZone', 'UTC', true),
    set_config('jit', 'off', true),
    set_config('statement_timeout', '{milliseconds}', true),
    set_config('work_mem', '{sort_memory}MB', true),
    CASE WHEN has_parameter_privilege('temp_file_limit', 'SET')
        THEN set_config('temp_file_limit', '{disk}MB', true) END
"""
"""Nothing is found that is not named by its schema. Compiling plans costs more than it gives."""


class Session:
    """A transaction of the reader.

    Parameters
    ----------
    connection
        Its own until it ends.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def begin(self, limits: Limits) -> None:
        """Open the transaction and set its limits."""
        limits_set = _LIMITS.format(
            milliseconds=max(1, round(limits.seconds * 1000)),
            sort_memory=limits.sort_memory,
            disk=limits.disk,
        )
        self._connection.execute(limits_set.encode())

    def bring(self, uploads: Iterable[Upload]) -> None:
        """Make temporary tables, which nobody else sees and which end with us; then only read."""
        for one in uploads:
            self._send(one)
        self._connection.execute("SET TRANSACTION READ ONLY")

    def _send(self, upload: Upload) -> None:
        columns = ", ".join(f"{_quoted(one.name)} {one.type}" for one in upload.fields)
        relation = upload.relation
        self._connection.execute(f"CREATE TABLE {relation} ({columns}) ON COMMIT DROP".encode())
        with self._connection.cursor() as cursor:
            copy_rows(cursor, relation.split("."), upload.rows.to_batches())
        self._connection.execute(f"ANALYZE {relation}".encode())

    def plan(self, sql: str, *options: str) -> str:
        """Return how PostgreSQL would run a query, as it tells it."""
        said = ", ".join(options)
        # In its binary form an answer has one statement, and JSON comes as its text.
        cursor = self._connection.execute(f"EXPLAIN ({said}) {sql}".encode(), binary=True)
        answer = cursor.pgresult
        assert answer is not None  # noqa: S101 - it would have failed
        lines = [answer.get_value(row, 0) or b"" for row in range(answer.ntuples)]
        return b"\n".join(lines).decode()

    def table(self, sql: str) -> pa.Table:
        """Return the whole answer to a query."""
        with self.rows(sql) as rows:
            return pa.Table.from_batches(rows.batches, rows.schema)

    def rows(self, sql: str) -> AbstractContextManager[Copied]:
        """Give the answer to a query, whose rows come as they are asked for."""
        return copied(self._connection, sql)

    def end(self) -> None:
        """Undo everything, temporary tables included.

        Raises
        ------
        psycopg.Error
            The connection is no good any more.
        """
        self._connection.rollback()


class Readers(Closing):
    """Connections of the reader's role, kept for the next query.

    Parameters
    ----------
    database
        Whose.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._idle: list[psycopg.Connection[Any]] = []

    @contextmanager
    def session(self, limits: Limits) -> Iterator[Session]:
        """Give a session for a while; what it made is gone afterwards."""
        connection, session = self._begun(limits)
        try:
            yield session
        finally:
            try:
                session.end()
            except psycopg.Error:
                connection.close()
            else:
                with self._lock:
                    self._idle.append(connection)

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            gone, self._idle = self._idle, []
        for connection in gone:
            connection.close()

    def _begun(self, limits: Limits) -> tuple[psycopg.Connection[Any], Session]:
        """Return a connection with its session; those that the server has closed are let go."""
        while (connection := self._taken()) is not None:
            session = Session(connection)
            try:
                session.begin(limits)
            except psycopg.Error:
                connection.close()
            else:
                return connection, session
        with explained(self._database.address):
            connection = psycopg.connect(address_of(self._database), prepare_threshold=None)
        session = Session(connection)
        session.begin(limits)
        return connection, session

    def _taken(self) -> psycopg.Connection[Any] | None:
        with self._lock:
            return self._idle.pop() if self._idle else None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
