"""Rows of a view of a release with what is known of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from starledger.catalog.fields import Field
from starledger.catalog.releases.finding import PublishedRelease
from starledger.catalog.releases.tables import tables_of


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a view.

    Parameters
    ----------
    fields
        Its columns.
    values
        Row by row; None is null.
    """

    fields: tuple[Field, ...]
    values: tuple[tuple[Any, ...], ...]


def rows_of(
    connection: Connection,
    release: PublishedRelease,
    relation: str,
    among: Mapping[str, Sequence[Any]],
) -> Rows:
    """Return the rows of a view whose columns are among some values, in the order of the first.

    Parameters
    ----------
    connection
        To the ledger.
    release, relation
        The view, or its copy.
    among
        By column, the first one being in the order of the answer.
    """
    (table,) = (one for one in tables_of(connection, release) if one.relation == relation)
    names = ", ".join(field.name for field in table.fields)
    wanted = " AND ".join(f"{column} = ANY (:{column})" for column in among)
    first = next(iter(among))
    query = (
        f"SELECT {names} FROM {relation} WHERE {wanted}"  # noqa: S608
        f" ORDER BY array_position(:{first}, {first})"
    )
    rows = connection.execute(text(query), {name: list(one) for name, one in among.items()})
    return Rows(table.fields, tuple(tuple(row) for row in rows))
