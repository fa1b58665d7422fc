"""Asking the tiny release, and what PostgreSQL says of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from starledger.catalog.adql.translate import Translation, translate
from tests.catalog.adql.tiny import TABLES


@dataclass(frozen=True)
class Answer:
    """The rows of an answer, with the names and types that PostgreSQL gives its columns."""

    rows: list[tuple[Any, ...]]
    names: list[str]
    types: list[str]


def translated(query: str) -> Translation:
    """Translate a query to the tiny release."""
    return translate(query, TABLES, default="tiny")


def asked(connection: Connection, sql: str) -> Answer:
    """Run a translated query as it is, in a transaction that is undone."""
    kinds = connection.execute(text("SELECT oid, format_type(oid, NULL) FROM pg_type")).all()
    named: dict[int, str] = dict(row for row in kinds)
    cursor = connection.connection.cursor()
    cursor.execute(sql)
    described = cursor.description or ()
    rows = cursor.fetchall()
    cursor.close()
    connection.rollback()
    return Answer(
        [tuple(row) for row in rows],
        [column[0] for column in described],
        [named[column[1]] for column in described],
    )
