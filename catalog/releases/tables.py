"""The tables of a release as its users see them, with where their rows are read fastest."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from starledger.catalog.fields import Field
from starledger.catalog.releases.finding import PublishedRelease

TABLES = """
SELECT c.relname, obj_description(c.oid, 'pg_class') AS description
FROM pg_class c WHERE c.relnamespace = to_regnamespace(:schema) AND c.relkind = 'v' ORDER BY c.oid
"""

COLUMNS = """
SELECT table_name, column_name, type, unit, ucd, description FROM {schema}.column_info
ORDER BY table_name, position
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table that can be asked.

    Parameters
    ----------
    schema, name
        What users call it, as ``dr1.star``.
    relation
        Where PostgreSQL reads its rows: the view, or its copy.
    description
        One sentence about it.
    rows
        How many rows it has, where that is known.
    fields
        Its columns, in order.
    """

    schema: str
    name: str
    relation: str
    description: str
    rows: int | None
    fields: tuple[Field, ...]


def tables_of(connection: Connection, release: PublishedRelease) -> tuple[Table, ...]:
    """Return the tables of a release.

    Parameters
    ----------
    connection
        Of any role that may read releases.
    release
        The release.
    """
    columns = connection.execute(text(COLUMNS.format(schema=release.name))).all()
    fields: dict[str, list[Field]] = {}
    for table, *said in columns:
        fields.setdefault(table, []).append(Field(*said))
    counted = release.manifest.get("views", {})
    return tuple(
        Table(
            schema=release.name,
            name=row.relname,
            relation=release.relation(row.relname),
            description=row.description or "",
            rows=counted.get(row.relname, {}).get("rows"),
            fields=tuple(fields[row.relname]),
        )
        for row in connection.execute(text(TABLES), {"schema": release.name})
    )
