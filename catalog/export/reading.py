"""Rows out of the database as batches of Arrow, in constant memory and one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as driver
import pyarrow as pa
from psycopg.conninfo import make_conninfo

from starledger.catalog.export.errors import ExportFailed
from starledger.schema.database import Database, explained
from starledger.schema.roles import Role

BATCH_BYTES = 1 << 23
"""About how large a batch is; the driver estimates it."""


def address_of(database: Database, role: Role = Role.READER) -> str:
    """Return where libpq finds a database: over a network, or through a socket in a folder."""
    _, given = database.engine(role).dialect.create_connect_args(database.urls[role])
    said: dict[str, Any] = {
        name: value for name, value in given.items() if isinstance(value, str | int)
    }
    return make_conninfo("", **said | {"application_name": f"starledger {role.name.lower()}"})


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
    with _connected(database, role) as connection, connection.cursor() as cursor:
        try:
            for statement in _opening(before, time_limit):
                cursor.execute(statement)
            hint = {"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)}
            cursor.adbc_statement.set_options(**hint)
            cursor.execute(sql)
            with cursor.fetch_record_batch() as reader:
                yield pa.RecordBatchReader.from_batches(reader.schema, _batches(reader))
        except adbc_driver_manager.Error as error:
            raise _failed(error) from error


def _opening(before: Iterable[str], time_limit: float | None) -> Iterator[str]:
    yield "BEGIN"
    if time_limit is not None:
        yield f"SET LOCAL statement_timeout = {max(1, round(1000 * time_limit))}"
    # Compiling the plan costs more than it gives where a query only reads rows.
    yield "SET LOCAL jit = off"
    yield "SET LOCAL TimeZone = 'UTC'"
    yield from before
    yield "SET TRANSACTION READ ONLY"


@contextmanager
def _connected(database: Database, role: Role) -> Iterator[Any]:
    try:
        connection = driver.connect(address_of(database, role), autocommit=True)
    except adbc_driver_manager.Error:
        # The other driver's errors say what can be done about them.
        with explained(database.address), database.engine(role).connect():
            raise
    try:
        yield connection
    finally:
        # The transaction, which has written nothing, ends with its connection.
        connection.close()


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    try:
        yield from reader
    except OSError as error:
        # Among the rows the driver speaks through Arrow, which knows no better word.
        raise _failed(error) from error


def _failed(error: Exception) -> ExportFailed:
    said = str(error).partition("ERROR:")[2] or str(error)
    return ExportFailed(
        f"The database broke off: {' '.join(said.split())}",
        remedy="Run it again; `starledger doctor` looks at the database.",
    )
