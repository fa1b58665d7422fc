"""What the names in a SELECT can mean: its tables, their columns, and those of the query around."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from sqlglot import exp

from starledger.catalog.adql.errors import AdqlError, place
from starledger.catalog.adql.reading import WORD, start
from starledger.catalog.adql.sky.shapes import Shape
from starledger.catalog.adql.values import Loose, Value
from starledger.catalog.adql.words import RESERVED
from starledger.catalog.fields import Field
from starledger.catalog.releases.tables import Table

LONGEST_NAME = 63
"""Bytes of a name in PostgreSQL."""


@dataclass(slots=True, eq=False)
class Column:
    """A column of something in FROM.

    Parameters
    ----------
    field
        What it holds.
    item
        What it belongs to.
    sql_name
        Its name in PostgreSQL.
    shape
        Makes the shape of the array that it is, if it is one.
    merged
        Its SQL where NATURAL or USING made it of two.
    origin
        The table of the release and the column whose values it has, if it is no more than that.
    """

    field: Field
    item: Item | None
    sql_name: str
    shape: Callable[[exp.Expr], Shape] | None = None
    merged: exp.Expr | None = None
    origin: tuple[object, str] | None = None

    @property
    def sql(self) -> exp.Expr:
        """The column in PostgreSQL."""
        if self.item is None:
            return self.merged.copy() if self.merged is not None else exp.Null()
        return exp.Column(
            this=exp.Identifier(this=self.sql_name, quoted=True),
            table=exp.Identifier(this=self.item.alias, quoted=False),
        )


@dataclass(slots=True, eq=False)
class Item:
    """Something in FROM.

    Parameters
    ----------
    alias
        Its name in PostgreSQL, which the query does not choose.
    name
        Its name in the query.
    quoted
        Whether that stood in double quotes.
    schema
        The schema that may stand before the name.
    rows
        How many rows it has, where that is known.
    columns
        Its columns.
    """

    alias: str
    name: str
    quoted: bool
    schema: str | None
    rows: int | None
    columns: list[Column] = field(default_factory=list)
    by_name: dict[str, list[Column]] | None = None

    def named(self, name: str) -> list[Column]:
        """Return the columns of a name, in whatever case."""
        if self.by_name is None:
            self.by_name = by_lower_name(self.columns)
        return self.by_name.get(name.lower(), [])


def by_lower_name(columns: Iterable[Column]) -> dict[str, list[Column]]:
    """Return columns by their names in lower case."""
    found: dict[str, list[Column]] = {}
    for column in columns:
        found.setdefault(column.field.name.lower(), []).append(column)
    return found


@dataclass(frozen=True, slots=True)
class Output:
    """A column of an answer, or of a part of a query that others read."""

    field: Field
    value: Value


@dataclass(frozen=True, slots=True)
class Query:
    """A query for PostgreSQL."""

    sql: exp.Query
    outputs: tuple[Output, ...]
    outer: tuple[Loose, ...] = ()


@dataclass(frozen=True, slots=True)
class Common:
    """A query that WITH names, and what it is called in PostgreSQL."""

    name: str
    quoted: bool
    sql_name: str
    query: Query


@dataclass(slots=True)
class Handlers:
    """How the parts of a query are translated; they call each other through this."""

    value: Callable[[exp.Expr, Scope], Value]
    query: Callable[[exp.Expr, Scope], Query]


@dataclass(slots=True)
class Context:
    """What all parts of a query share."""

    text: str
    tables: Sequence[Table]
    default: str | None
    handlers: Handlers
    aliases: int = 0

    def alias(self, letter: str) -> str:
        """Return a name for PostgreSQL that no other part has."""
        self.aliases += 1
        return f"{letter}{self.aliases}"


@dataclass(slots=True, eq=False)
class Scope:
    """A SELECT and what its names mean."""

    context: Context
    parent: Scope | None = None
    common: dict[str, Common] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    visible: list[Column] = field(default_factory=list)
    select: exp.Select | None = None
    grouped: set[exp.Expr] | None = None
    aggregates: str | None = None
    outer: list[Loose] = field(default_factory=list)
    by_name: dict[str, list[Column]] | None = None

    def inner(self) -> Scope:
        """Return the scope of a query within this one."""
        return Scope(self.context, parent=self, common=self.common)

    def sibling(self) -> Scope:
        """Return the scope of one side of a set operation."""
        return Scope(self.context, parent=self.parent, common=self.common)

    def value(self, node: exp.Expr) -> Value:
        """Translate an expression that has a value."""
        found = self.any_value(node)
        if found.predicate:
            self.refuse(node, "A condition is no value.",
                        "Write CASE WHEN … THEN 1 ELSE 0 END.")  # fmt: skip
        return found

    def any_value(self, node: exp.Expr) -> Value:
        """Translate an expression or a condition."""
        return self.context.handlers.value(node, self)

    def plain(self, node: exp.Expr) -> Value:
        """Translate an expression that is no shape on the sky."""
        found = self.value(node)
        if found.shape is not None:
            self.refuse(node, "A shape on the sky cannot stand here.",
                        "Use it in CONTAINS, INTERSECTS, DISTANCE, AREA or COORD1.")  # fmt: skip
        return found

    def query(self, node: exp.Expr) -> Query:
        """Translate a query within this one."""
        return self.context.handlers.query(node, self)

    def refuse(
        self,
        node: exp.Expr,
        what: str,
        remedy: str = "",
        *,
        near: Iterable[str] = (),
        word: str | None = None,
    ) -> NoReturn:
        """Raise the error about a part of the query; `near` are words that may have been meant."""
        at = start(node)
        line, column = place(self.context.text, at)
        said = word if word is not None else _word(node) or self.word_at(at)
        raise AdqlError(what, remedy=remedy, line=line, column=column, word=said,
                        suggestion=nearest(said, near))  # fmt: skip

    def word_at(self, offset: int) -> str:
        """Return the word that begins at some character of the query."""
        found = WORD.match(self.context.text, offset)
        return found[0] if found else ""

    def name(self, node: exp.Expr) -> str:
        """Return a name that the query gives or uses, if it may be one."""
        name = str(node.this)
        if not node.args.get("quoted") and name.upper() in RESERVED:
            self.refuse(node, f"{name} is a word of the language.",
                        f'As a name it stands in double quotes: "{name}".')  # fmt: skip
        if not name.strip():
            self.refuse(node, "A name is empty.", "Put a name between the quotes.", word='""')
        if len(name.encode()) > LONGEST_NAME:
            self.refuse(node, f"The name {name[:20]}… is longer than {LONGEST_NAME} bytes.",
                        "Give a shorter one.")  # fmt: skip
        return name

    def column(self, node: exp.Column) -> Column:
        """Return what the name of a column means here, or in the query around."""
        found = next((one for scope in self.chain() if (one := scope._own_column(node))), None)
        if found is None:
            self._no_column(node)
        return found

    def has_name(self, node: exp.Column) -> bool:
        """Whether one of the columns here has a name."""
        return any(one.field.name.lower() == node.this.this.lower() for one in self.visible)

    def owner(self, column: Column) -> Scope:
        """Return the scope that a column was found in."""
        scope: Scope = self
        while scope.parent is not None and not scope.has(column):
            scope = scope.parent
        return scope

    def has(self, column: Column) -> bool:
        """Whether a column belongs to this SELECT itself."""
        if column.item is not None:
            return column.item in self.items
        return column in self.visible

    def _own_column(self, node: exp.Column) -> Column | None:
        identifier, item = node.this, None
        if node.args.get("table") is None:
            if self.by_name is None:
                self.by_name = by_lower_name(self.visible)
            found = self.by_name.get(identifier.this.lower(), [])
        else:
            item = self.item(node)
            if item is None:
                return None
            found = item.named(identifier.this)
        if identifier.args.get("quoted"):
            found = [one for one in found if one.field.name == identifier.this]
        if item is not None and not found:
            self._no_column_of(node, item)
        if len(found) > 1:
            self._ambiguous(node, found)
        return found[0] if found else None

    def item(self, node: exp.Column) -> Item | None:
        """Return the thing in FROM that stands before a column's name."""
        table, schema = node.args["table"], node.args.get("db")
        if node.args.get("catalog") is not None:
            self.refuse(node, "There is only one catalog.", "Write schema.table.column.")
        found = [
            item for item in self.items
            if same_name(item.name, item.quoted, table)
            and (schema is None or same_name(item.schema or "", False, schema))
        ]  # fmt: skip
        return found[0] if found else None

    def _ambiguous(self, node: exp.Column, found: list[Column]) -> NoReturn:
        if node.args.get("table") is None and all(one.item for one in found):
            owners = " and ".join(dict.fromkeys(one.item.name for one in found if one.item))
            self.refuse(node, f"The column {_word(node)} is in several tables: {owners}.",
                        "Write the table and a dot before it.")  # fmt: skip
        names = " and ".join(f'"{one.field.name}"' for one in found)
        self.refuse(node, f"The column {_word(node)} is not one but several: {names}.",
                    "Give the one that is meant in double quotes.")  # fmt: skip

    def _no_column(self, node: exp.Column) -> NoReturn:
        if node.args.get("table") is not None:
            names = [item.name for scope in self.chain() for item in scope.items]
            table = node.args["table"]
            self.refuse(node, f"There is no table {table.this} in FROM.",
                        f"There are: {', '.join(names) or 'none'}.",
                        near=names, word=str(table.this))  # fmt: skip
        columns = [one.field.name for scope in self.chain() for one in scope.visible]
        if node.this.args.get("quoted") and node.this.this.lower() in map(str.lower, columns):
            self.refuse(node, f"There is no column {node.this.this}, in just this case.",
                        "Take the double quotes away, or write it in its own case.",
                        near=columns)  # fmt: skip
        if not node.this.args.get("quoted"):
            self.name(node.this)
        owners = ", ".join(dict.fromkeys(item.name for item in self.items))
        self.refuse(
            node, f"There is no column {node.this.this} in {owners or 'FROM'}.", near=columns
        )

    def _no_column_of(self, node: exp.Column, item: Item) -> NoReturn:
        self.refuse(node, f"The table {item.name} has no column {node.this.this}.",
                    near=[one.field.name for one in item.columns],
                    word=str(node.this.this))  # fmt: skip

    def chain(self) -> Iterable[Scope]:
        """Yield this scope and those around it."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent


def same_name(name: str, quoted: bool, identifier: exp.Expr) -> bool:
    """Whether an identifier of the query means a name: in any case, if neither is quoted."""
    said = str(identifier.this)
    if identifier.args.get("quoted") or (quoted and said == name):
        return said == name
    return said.lower() == name.lower()


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the word that was perhaps meant.

    Examples
    --------
    >>> nearest("TEFF2", ["ra", "teff"])
    'teff'
    """
    lower = {one.lower(): one for one in words}
    found = difflib.get_close_matches(word.lower(), lower, n=1, cutoff=0.6)
    return lower[found[0]] if found else None


def _word(node: exp.Expr) -> str:
    """Return the word of the query that a part begins with, or the name of a column."""
    if isinstance(node, exp.Column):
        return str(node.this.this)
    first, at = node, start(node)
    for one in node.walk():
        if one.meta.get("start") == at and isinstance(
            one, exp.Identifier | exp.Literal | exp.Anonymous
        ):
            first = one
    named = isinstance(first, exp.Identifier | exp.Literal | exp.Anonymous)
    return str(first.this) if named else ""
