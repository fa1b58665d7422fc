"""Rows out of the database as batches of Arrow, in constant memory and one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pyarrow as pa
from psycopg.conninfo import make_conninfo

from starledger.catalog.export.copied_rows import copied
from starledger.catalog.export.errors import ExportFailed
from starledger.schema.ahead import ahead
from starledger.schema.database import Database, explained
from starledger.schema.roles import Role


def address_of(database: Database, role: Role = Role.READER) -> str:
    """Return where libpq finds a database: over a network, or through a socket in a folder."""
    _, given = database.engine(role).dialect.create_connect_args(database.urls[role])
    said: dict[str, Any] = {
        name: value for name, value in given.items() if isinstance(value, str | int)
    }
    ours = {"application_name": f"starledger {role.name.lower()}", "client_encoding": "utf-8"}
    return make_conninfo("", **said | ours)


@contextmanager
def reading(
    database: Database,
    sql: str,
    *,
    role: Role = Role.READER,
    before: Iterable[str] = (),
    time_limit: float | None = None,
) -> Iterator[pa.RecordBatchReader]:
    """Read the rows of a query as they come, in a transaction that may not write.

    The next rows are read while the last ones are used. Who stops early does not wait for the
    server, which is told to end the query.

    Parameters
    ----------
    database
        The ledger.
    sql
        One query.
    role
        Who asks.
    before
        Statements that come first, in the same transaction, such as of temporary tables.
    time_limit
        Seconds after which the server gives up.

    Raises
    ------
    ExportFailed
        The server gives no rows, or breaks off among them.
    """
    with _connected(database, role) as connection:
        try:
            for statement in _opening(before, time_limit):
                connection.execute(statement.encode())
            with copied(connection, sql) as rows:
                # The thread that reads may be waiting for the server when we go.
                batches = ahead(rows.batches, give_up=connection.cancel_safe)
                with closing(batches):
                    yield pa.RecordBatchReader.from_batches(rows.schema, batches)
        except psycopg.Error as error:
            raise _failed(error) from error


def _opening(before: Iterable[str], time_limit: float | None) -> Iterator[str]:
    if time_limit is not None:
        yield f"SET LOCAL statement_timeout = {max(1, round(1000 * time_limit))}"
    # Compiling the plan costs more than it gives where a query only reads rows.
    yield "SET LOCAL jit = off"
    yield "SET LOCAL TimeZone = 'UTC'"
    yield from before
    yield "SET TRANSACTION READ ONLY"


@contextmanager
def _connected(database: Database, role: Role) -> Iterator[psycopg.Connection[Any]]:
    with explained(database.address):
        connection = psycopg.connect(address_of(database, role))
    try:
        yield connection
    finally:
        # The transaction, which has written nothing, ends with its connection.
        connection.close()


def _failed(error: psycopg.Error) -> ExportFailed:
    said = error.diag.message_primary or str(error)
    return ExportFailed(
        f"The database broke off: {' '.join(said.split())}",
        remedy="Run it again; `starledger doctor` looks at the database.",
    )
