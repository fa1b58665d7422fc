"""What of a release shall be exported: which views, which of their columns, which rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starledger.catalog.export.errors import ExportError, NoSuchView
from starledger.catalog.export.ordering import order_of
from starledger.catalog.fields import Field
from starledger.catalog.releases.tables import Table


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of a view.

    Parameters
    ----------
    table
        The view.
    fields
        The columns that are wanted.
    sql
        The query.
    where
        Which rows, in ADQL; all, where it says nothing.
    """

    table: Table
    fields: tuple[Field, ...]
    sql: str
    where: str | None = None

    @property
    def order(self) -> tuple[str, ...]:
        """The columns by which the rows are sorted."""
        return order_of(self.table.name, self.table.fields)


def select(
    tables: Sequence[Table],
    views: Sequence[str] = (),
    columns: Sequence[str] = (),
    where: str | None = None,
) -> list[Selection]:
    """Return what shall be exported.

    Parameters
    ----------
    tables
        Those of the release.
    views
        The wanted ones; all, where there are none.
    columns
        The wanted columns of a view; all, where there are none.
    where
        A condition of ADQL on the rows of a view.

    Raises
    ------
    NoSuchView
        A view or a column is not there.
    ExportError
        Columns or a condition are given for several views.
    """
    wanted = [_named(tables, name) for name in dict.fromkeys(views)] or list(tables)
    if len(wanted) > 1 and (columns or where):
        raise ExportError(
            "Columns and conditions are those of one view.", remedy="Name one view with --view."
        )
    return [_selected(table, columns, where, tables) for table in wanted]


def _named(tables: Sequence[Table], name: str) -> Table:
    for table in tables:
        if table.name == name:
            return table
    raise NoSuchView(
        f"There is no view {name!r} in the release.",
        remedy=f"It has {', '.join(table.name for table in tables)}.",
    )


def _selected(
    table: Table, columns: Sequence[str], where: str | None, tables: Sequence[Table]
) -> Selection:
    fields = _chosen(table, columns)
    if where is not None:
        return Selection(table, fields, _translated(table, fields, where, tables), where)
    names = ", ".join(_quoted(field.name) for field in fields)
    order = ", ".join(_sorted(table, name) for name in order_of(table.name, table.fields))
    return Selection(table, fields, f"SELECT {names} FROM {table.relation} ORDER BY {order}")  # noqa: S608


def _chosen(table: Table, columns: Sequence[str]) -> tuple[Field, ...]:
    if not columns:
        return table.fields
    known = {field.name: field for field in table.fields}
    for name in columns:
        if name not in known:
            raise NoSuchView(
                f"The view {table.name} has no column {name!r}.",
                remedy=f"`starledger export … --view column_info` lists all of {table.schema}.",
            )
    return tuple(known[name] for name in dict.fromkeys(columns))


def _translated(table: Table, fields: Sequence[Field], where: str, tables: Sequence[Table]) -> str:
    from starledger.catalog.adql.translate import translate

    names = ", ".join(_quoted(field.name) for field in fields)
    order = ", ".join(_quoted(name) for name in order_of(table.name, table.fields))
    # The condition is on a line of its own, so that a comment in it ends there.
    asked = f"SELECT {names} FROM {table.schema}.{table.name} WHERE (\n{where}\n) ORDER BY {order}"  # noqa: S608
    return translate(asked, tables, default=table.schema).sql


def _sorted(table: Table, name: str) -> str:
    is_text = any(field.name == name and field.type == "text" for field in table.fields)
    # Not by the rules of a language, which servers differ in.
    return f'{_quoted(name)} COLLATE "C"' if is_text else _quoted(name)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
