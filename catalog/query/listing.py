"""What can be asked, as lists for people and programs: tables, and the columns of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starledger.catalog.query.errors import QueryRefused
from starledger.catalog.query.offered import Offer
from starledger.catalog.releases.tables import Table

TABLE_COLUMNS = ("table", "rows", "columns", "description")
COLUMN_COLUMNS = ("column", "type", "unit", "ucd", "description")


def table_rows(offer: Offer, release: str | None) -> list[tuple[Any, ...]]:
    """Return the tables that can be asked, of one release or of all.

    Raises
    ------
    NoSuchRelease
        There is none of that name.
    """
    if release is not None:
        offer.release(release)
    return [
        (f"{one.schema}.{one.name}", one.rows, len(one.fields), one.description)
        for one in offer.tables
        if release in (None, one.schema)
    ]


def column_rows(offer: Offer, name: str, release: str | None) -> list[tuple[Any, ...]]:
    """Return the columns of a table.

    Parameters
    ----------
    offer
        What can be asked.
    name
        The table's name, with that of its release or without.
    release
        Whose table is meant where the name does not say it; the newest one's if None.

    Raises
    ------
    QueryRefused
        There is no such table.
    """
    table = _table(offer, name, release)
    return [(one.name, one.type, one.unit, one.ucd, one.description) for one in table.fields]


def _table(offer: Offer, name: str, release: str | None) -> Table:
    schema, _, plain = name.rpartition(".")
    if not schema:
        found = offer.release(release)
        schema = found.name if found else ""
    wanted = [one for one in offer.tables if (one.schema, one.name) == (schema, plain)]
    if not wanted:
        raise QueryRefused(f"There is no table {name!r}.", remedy=_known(offer.tables, schema))
    return wanted[0]


def _known(tables: Sequence[Table], schema: str) -> str:
    names = ", ".join(one.name for one in tables if one.schema == schema)
    if names:
        return f"{schema} has {names}."
    return "`starledger query --tables` lists what can be asked."
