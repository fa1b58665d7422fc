"""What an expression comes to in PostgreSQL: its SQL, its type, and what readers must know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlglot import exp

from starledger.catalog.adql.sky.shapes import Shape
from starledger.catalog.fields import Field
from starledger.schema.units import DIMENSIONLESS

BOOLEAN, TEXT, DOUBLE, REAL = "boolean", "text", "double precision", "real"
SMALLINT, INTEGER, BIGINT = "smallint", "integer", "bigint"
TIMESTAMP = "timestamp without time zone"
NULL = "null"
"""The type of a bare NULL, which fits everywhere."""

INTEGERS = (SMALLINT, INTEGER, BIGINT)
NUMBERS = (*INTEGERS, REAL, DOUBLE)
TIMES = (TIMESTAMP, "timestamp with time zone", "date")
TEXTS = (TEXT, "character varying", "character")


@dataclass(frozen=True, slots=True)
class Loose:
    """A column that is used outside of aggregates and is not grouped by.

    Parameters
    ----------
    scope
        The SELECT among whose tables it is.
    name
        Its name.
    start
        Where in the query it stands.
    """

    scope: object
    name: str
    start: int


@dataclass(frozen=True, slots=True)
class Value:
    """An expression for PostgreSQL.

    Parameters
    ----------
    sql
        The expression.
    type
        Its type in PostgreSQL, or `NULL`.
    about
        Unit, UCD and description.
    name
        The name that it has by itself.
    predicate
        Whether it is a condition, which ADQL keeps apart from values.
    aggregate
        Whether an aggregate of this SELECT is in it.
    loose
        The columns that are neither aggregated nor grouped by.
    constant
        The number or text, if it is written in the query.
    shape
        What it is on the sky, if anything.
    column
        The column that it is, if it is no more than one.
    """

    sql: exp.Expression
    type: str
    about: Field | None = None
    name: str | None = None
    predicate: bool = False
    aggregate: bool = False
    loose: tuple[Loose, ...] = ()
    constant: int | float | str | bool | None = None
    shape: Shape | None = None
    column: Any = None

    @property
    def unit(self) -> str:
        """Its unit."""
        return self.about.unit if self.about else DIMENSIONLESS

    def field(self, name: str) -> Field:
        """Return the column of an answer that holds it."""
        kind = TEXT if self.type == NULL else self.type
        if self.about is None:
            return Field(name, kind, DIMENSIONLESS, "", "")
        return replace(self.about, name=name, type=kind)


def made_of(parts: Sequence[Value], sql: exp.Expression, kind: str, **more: Any) -> Value:
    """Return an expression that is made of others."""
    if len(parts) == 1:
        loose = parts[0].loose
    else:
        loose = tuple(one for part in parts for one in part.loose)
    return Value(sql, kind, aggregate=any(part.aggregate for part in parts), loose=loose, **more)


def about(unit: str, ucd: str = "", description: str = "") -> Field:
    """Return what readers must know of an expression that is no column."""
    return Field("", "", unit, ucd, description)


@cache
def _data_type(kind: str) -> exp.DataType:
    return exp.DataType.build(kind, dialect="postgres")


def cast(sql: exp.Expression, kind: str) -> exp.Expression:
    """Return an expression as another type.

    Examples
    --------
    >>> cast(exp.column("a"), "double precision").sql("postgres")
    'CAST(a AS DOUBLE PRECISION)'
    """
    return exp.Cast(this=sql, to=_data_type(kind).copy())


def converted(value: Value, kind: str) -> exp.Expression:
    """Return an expression as another type, cast only where it has not got it."""
    if value.type == kind or kind == NULL:
        return value.sql
    return cast(value.sql, kind)


def double(value: Value) -> exp.Expression:
    """Return a number in double precision."""
    return converted(value, DOUBLE)


def call(name: str, *arguments: exp.Expression) -> exp.Expression:
    """Return the call of a function of PostgreSQL."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def bracketed(sql: exp.Expression) -> exp.Expression:
    """Return an expression in brackets, if it needs them as a part of another one."""
    if isinstance(sql, exp.Binary | exp.Unary | exp.Between | exp.In | exp.Var) and not isinstance(
        sql, exp.Paren
    ):
        return exp.Paren(this=sql)
    return sql


def family(kind: str) -> str:
    """Return the family of a type: only values of one family can be compared.

    Examples
    --------
    >>> family("real"), family("bigint"), family("real[]")
    ('number', 'number', 'real[]')
    """
    if kind in NUMBERS:
        return "number"
    if kind in TEXTS:
        return "text"
    return "time" if kind in TIMES else kind


def common_type(values: Sequence[Value]) -> str | None:
    """Return the type into which all of some values go, or None if there is none.

    A whole number that is written in the query takes on the type of the rest.
    """
    kinds = {value.type for value in values} - {NULL}
    if len(kinds) <= 1:
        return kinds.pop() if kinds else NULL
    families = {family(kind) for kind in kinds}
    if families == {"text"}:
        return TEXT
    if families != {"number"}:
        return None
    columns = {
        value.type for value in values
        if value.type != NULL and not isinstance(value.constant, int)
    }  # fmt: skip
    if columns == {REAL}:
        return REAL
    if kinds & {REAL, DOUBLE}:
        return DOUBLE
    return max(kinds, key=INTEGERS.index)
