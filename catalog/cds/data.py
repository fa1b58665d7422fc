"""The lines of a table: the database makes them, so that memory stays constant."""

from __future__ import annotations

from typing import BinaryIO

from sqlalchemy import Connection

from starledger.catalog.cds.layout import Layout, Placed, key_of, value_sql

_IN_A_BRACKET = 40
"""Columns joined at once: PostgreSQL parses long chains of joins one inside the other."""


def write_lines(connection: Connection, layout: Layout, file: BinaryIO) -> int:
    """Write the lines of a table and return how many there were.

    Parameters
    ----------
    connection
        To the ledger.
    layout
        Where each column stands.
    file
        Open for writing.
    """
    parts = [_padded(column) for column in layout.columns]
    brackets = [
        f"({' || chr(32) || '.join(parts[first : first + _IN_A_BRACKET])})"
        for first in range(0, len(parts), _IN_A_BRACKET)
    ]
    line = " || chr(32) || ".join(brackets)
    query = f"SELECT {line} FROM {layout.table.relation} ORDER BY {key_of(layout.table)}"  # noqa: S608
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101
    count = 0
    with driver.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT") as copy:
        for row in copy:
            # Each is one row; the only thing that COPY escapes in printable ASCII is a backslash.
            file.write(bytes(row).replace(b"\\\\", b"\\"))
            count += 1
    return count


def _padded(column: Placed) -> str:
    """Return the SQL of a column's bytes: blank where the value is missing."""
    value, width = value_sql(column.field), column.width
    kind, _, decimals = column.format.partition(".")
    if kind[0] == "A":
        said = f"rpad({value}, {width})"
    elif kind[0] == "I":
        said = f"lpad({value}, {width})"
    elif kind[0] == "F":
        whole = width - 1 - int(decimals)
        said = (
            f"lpad(split_part({value}, '.', 1), {whole}) || '.'"
            f" || rpad(split_part({value}, '.', 2), {decimals}, '0')"
        )
    else:
        digits = "9." + int(decimals) * "9" + "EEEE"
        name = column.field.name
        said = f"lpad(to_char(nullif({name}, 'NaN'), '{digits}'), {width})"
    return f"coalesce({said}, repeat(' ', {width}))"
