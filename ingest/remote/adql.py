"""The queries, in ADQL that every TAP service understands."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_QUOTED = re.compile(r'"[^"]+"')
_RESERVED = re.compile(
    "all|and|as|asc|at|between|by|case|circle|contains|date|day|desc|distance|distinct|end|from"
    "|group|hour|in|is|join|key|level|like|max|min|minute|mod|module|month|not|null|of|on|or|order"
    "|plane|point|position|power|range|region|section|select|session|size|sum|table|time|to|top"
    "|user|value|values|version|where|year|zone",
    re.IGNORECASE,
)

UPLOADED = "starledger_wanted"
"""Name of the table that is sent along with a query."""


def identifier(name: str) -> str:
    """Return a column's name as a query spells it.

    Examples
    --------
    >>> identifier("ra"), identifier("[Fe/H]"), identifier("Date"), identifier('"e_[Fe/H]"')
    ('ra', '"[Fe/H]"', '"Date"', '"e_[Fe/H]"')
    """
    if _QUOTED.fullmatch(name):
        return name
    if _PLAIN.fullmatch(name) and not _RESERVED.fullmatch(name):
        return name
    return '"' + name.replace('"', '""') + '"'


def table_name(name: str) -> str:
    """Return a table's name as a query spells it; VizieR's hold slashes.

    Examples
    --------
    >>> table_name("gaiadr3.gaia_source"), table_name("V/164/dr5")
    ('gaiadr3.gaia_source', '"V/164/dr5"')
    """
    parts = name.split(".")
    plain = all(_PLAIN.fullmatch(part) or _QUOTED.fullmatch(part) for part in parts)
    return ".".join(map(identifier, parts)) if plain else identifier(name)


def column(name: str) -> str:
    """Return a column of the queried table."""
    return f"t.{identifier(name)}"


def select(
    table: str, chosen: Iterable[str], conditions: Iterable[str], *, joined_on: str | None = None
) -> str:
    """Return a query.

    Parameters
    ----------
    table
        The table's name.
    chosen
        Columns, or expressions of them.
    conditions
        All of which hold.
    joined_on
        The condition that a row belongs to one of the uploaded table, where one is sent along;
        a row that belongs to several is given once.
    """
    distinct, source = "", f"{table_name(table)} AS t"
    if joined_on is not None:
        distinct = "DISTINCT "
        source = f"{source} JOIN TAP_UPLOAD.{UPLOADED} AS u ON {joined_on}"
    query = f"SELECT {distinct}{', '.join(chosen)} FROM {source}"  # noqa: S608 - for a service that only reads
    where = " AND ".join(conditions)
    return f"{query} WHERE {where}" if where else query


def within(ra_column: str, dec_column: str, centre: tuple[str, str], radius: float) -> str:
    """Return the condition that a position is within a circle.

    Parameters
    ----------
    ra_column, dec_column
        Columns of the position.
    centre
        Right ascension and declination, as numbers or as expressions.
    radius
        In degrees.
    """
    point = f"POINT('ICRS', {column(ra_column)}, {column(dec_column)})"
    circle = f"CIRCLE('ICRS', {centre[0]}, {centre[1]}, {radius!r})"
    return f"1 = CONTAINS({point}, {circle})"
