"""In which bytes of a line each column of a table stands."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from starledger.catalog.fields import Field
from starledger.catalog.releases.tables import Table

_AT_ONCE = 100
"""Columns measured by one query: each takes several of the 1,664 that an answer may have."""
_INTEGERS = ("smallint", "integer", "bigint")
_FLOATS = {"real": 9, "double precision": 17}
"""Types with the digits that tell all their values apart."""
_TIME = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
_LONGEST_FIXED = 18
"""Numbers that would need more bytes are written with exponents."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A column of a line.

    Parameters
    ----------
    field
        The column.
    first, last
        Its bytes, from 1.
    format
        As the CDS writes it: A12, I3, F8.3 or E15.8.
    nullable
        Whether some of its values are missing: those are blank.
    """

    field: Field
    first: int
    last: int
    format: str
    nullable: bool

    @property
    def width(self) -> int:
        """Its bytes."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Layout:
    """The lines of a table.

    Parameters
    ----------
    table
        The table.
    columns
        Its columns, one blank between any two.
    records
        How many lines there are.
    """

    table: Table
    columns: tuple[Placed, ...]
    records: int

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.table.name}.dat"

    @property
    def length(self) -> int:
        """Bytes of a line."""
        return self.columns[-1].last


def layout_of(connection: Connection, table: Table) -> Layout:
    """Return the layout of a table, just wide enough for the values that it holds.

    Parameters
    ----------
    connection
        To the ledger.
    table
        Of a release.
    """
    columns: list[Placed] = []
    records, at = 0, 1
    for first in range(0, len(table.fields), _AT_ONCE):
        some = table.fields[first : first + _AT_ONCE]
        row = connection.execute(text(_measuring(table, some))).one()
        records = row.records
        for number, field in enumerate(some):
            seen = _Seen(*(row._mapping[f"{what}_{number}"] for what in _Seen.__slots__))
            form, width = _format(field, seen)
            columns.append(Placed(field, at, at + width - 1, form, seen.nulls > 0))
            at += width + 1
    return Layout(table, tuple(columns), records)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the values of a column are like as texts."""

    nulls: int
    width: int | None
    whole: int | None
    decimals: int | None
    exponents: bool | None


def value_sql(field: Field) -> str:
    """Return the SQL of a value as text, all of it ASCII; null where there is none.

    Examples
    --------
    >>> value_sql(Field("teff", "real", "K", "phys.temperature.effective", ""))
    "nullif(teff, 'NaN')::text"
    """
    if field.type == "boolean":
        return f"{field.name}::int::text"
    if field.type in _INTEGERS:
        return f"{field.name}::text"
    if field.type in _FLOATS:
        return f"nullif({field.name}, 'NaN')::text"
    if field.type == "timestamp with time zone":
        return f"to_char({field.name} AT TIME ZONE 'UTC', '{_TIME}')"
    return f"nullif(regexp_replace({field.name}::text, '[^ -~]', '?', 'g'), '')"


def _measuring(table: Table, fields: tuple[Field, ...]) -> str:
    said = ["count(*) AS records"]
    for number, field in enumerate(fields):
        value = value_sql(field)
        said.append(f"count(*) - count({value}) AS nulls_{number}")
        said.append(f"max(length({value})) AS width_{number}")
        if field.type in _FLOATS:
            said.append(f"max(length(split_part({value}, '.', 1))) AS whole_{number}")
            said.append(f"max(length(split_part({value}, '.', 2))) AS decimals_{number}")
            said.append(f"bool_or({value} LIKE '%e%') AS exponents_{number}")
        else:
            said += [f"NULL AS {what}_{number}" for what in ("whole", "decimals", "exponents")]
    return f"SELECT {', '.join(said)} FROM {table.relation}"  # noqa: S608


def _format(field: Field, seen: _Seen) -> tuple[str, int]:
    """Return the format of a column and its width."""
    width = max(seen.width or 1, 1)
    if field.type == "boolean" or field.type in _INTEGERS:
        return f"I{width}", width
    if field.type not in _FLOATS:
        return f"A{width}", width
    whole, decimals = seen.whole or 1, seen.decimals or 0
    fixed = whole + 1 + decimals
    if seen.exponents or fixed > _LONGEST_FIXED:
        digits = _FLOATS[field.type]
        wide = digits + 7
        return f"E{wide}.{digits - 1}", wide
    return f"F{fixed}.{decimals}", fixed


def key_of(table: Table) -> str:
    """Return the columns by which lines are in order: those of the table that tell rows apart."""
    known = [field.name for field in table.fields]
    first = [one for one in _KEYS if one in known]
    return ", ".join(first or known[:2])


_KEYS = (
    *("star_id", "spectrum_id", "model", "crossmatch_run_id", "left_row_id", "right_row_id"),
    *("scope", "bit", "table_name", "position", "what", "number"),
)
