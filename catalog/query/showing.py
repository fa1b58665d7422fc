"""An answer on a terminal: a table as wide as fits, or column below column for a few rows."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pyarrow as pa
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from starledger.catalog.fields import Field
from starledger.catalog.query.figures import shown_columns
from starledger.schema.units import DIMENSIONLESS

FEW_ROWS = 3
"""So many rows stand side by side if the columns are too many for the width."""

WIDEST = 60
"""Characters of a cell; longer ones are cut."""

_GAP = 3
"""Blanks between two columns."""


def show(fields: Sequence[Field], rows: pa.Table) -> int:
    """Print a table to stdout, and return how many of its columns were shown.

    Parameters
    ----------
    fields, rows
        The table.
    """
    console = Console(file=sys.stdout)
    cells = shown_columns(fields, rows)
    widths = [
        min(WIDEST, max(len(one.name), len(_unit(one)), *map(len, column), 0)) + _GAP
        for one, column in zip(fields, cells, strict=True)
    ]
    if sum(widths) <= console.width:
        console.print(_table(fields, cells))
        return len(fields)
    if 0 < rows.num_rows <= FEW_ROWS:
        console.print(_turned(fields, cells))
        return len(fields)
    fit = _fitting(widths, console.width)
    console.print(_table(fields[:fit], cells[:fit]))
    return fit


def _fitting(widths: Sequence[int], room: int) -> int:
    taken = 0
    for count, width in enumerate(widths):
        taken += width
        if taken > room:
            return max(count, 1)
    return len(widths)


def _table(fields: Sequence[Field], cells: Sequence[Sequence[str]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for one in fields:
        header = Text(one.name)
        if any(map(_unit, fields)):
            header.append(f"\n{_unit(one)}", "dim")
        words = one.type in ("text", "boolean")
        table.add_column(
            header, justify="left" if words else "right", no_wrap=True, max_width=WIDEST
        )
    for row in zip(*cells, strict=True):
        # Text, lest rich take brackets in a value for its own markup.
        table.add_row(*map(Text, row))
    return table


def _turned(fields: Sequence[Field], cells: Sequence[Sequence[str]]) -> Table:
    table = Table("column", "unit", box=box.SIMPLE_HEAD, pad_edge=False)
    for number in range(1, len(cells[0]) + 1):
        table.add_column(str(number), overflow="fold")
    for one, column in zip(fields, cells, strict=True):
        table.add_row(one.name, Text(_unit(one), "dim"), *map(Text, column))
    return table


def _unit(field: Field) -> str:
    return "" if field.unit == DIMENSIONLESS else field.unit
