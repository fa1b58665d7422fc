"""The whole schema as the code declares it, as statements: what migrations must arrive at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, create_mock_engine
from sqlalchemy.dialects import postgresql

from starledger.schema.rights import grant_statements
from starledger.schema.tables import SCHEMA, metadata
from starledger.schema.triggers import function_statement, trigger_statements


def statements() -> Iterator[str]:
    """Yield every statement that makes the schema in an empty database.

    Examples
    --------
    >>> next(statements())
    'CREATE SCHEMA IF NOT EXISTS ledger'
    """
    yield f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"
    yield from _table_statements()
    yield function_statement()
    yield from trigger_statements()
    yield from grant_statements()


def create(connection: Connection) -> None:
    """Make the schema in an empty database without migrations: for comparing the two."""
    for statement in statements():
        connection.exec_driver_sql(statement.replace("%", "%%"))


def _table_statements() -> list[str]:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    made: list[str] = []

    def keep(statement: Any, *_args: Any, **_kwargs: Any) -> None:
        made.append(str(statement.compile(dialect=dialect)).strip())

    metadata.create_all(create_mock_engine("postgresql+psycopg://", keep), checkfirst=False)
    return made
