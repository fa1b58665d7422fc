"""ADQL in, PostgreSQL out: with every name resolved, and nothing in it that was not asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres

from starledger.catalog.adql import conditions, expressions
from starledger.catalog.adql.functions import function
from starledger.catalog.adql.queries import any_query, query
from starledger.catalog.adql.reading import read, refuse
from starledger.catalog.adql.scopes import Context, Handlers, Query, Scope
from starledger.catalog.adql.values import Value
from starledger.catalog.fields import Field
from starledger.catalog.releases.tables import Table

POSTGRES = Postgres()


@dataclass(frozen=True, slots=True)
class Translation:
    """A query for PostgreSQL, to be sent as it is: it has no parameters.

    Parameters
    ----------
    sql
        The query.
    fields
        The columns of its answer, in order.
    limit
        The number of rows after the outermost TOP, if there is one.
    """

    sql: str
    fields: tuple[Field, ...]
    limit: int | None


def translate(text: str, tables: Sequence[Table], *, default: str | None) -> Translation:
    """Translate a query.

    Parameters
    ----------
    text
        The query, in ADQL 2.1.
    tables
        All that it may read.
    default
        The schema of tables that are named without one.

    Raises
    ------
    AdqlError
        The query is no ADQL, or asks for what is not there.

    Examples
    --------
    >>> from starledger.catalog.fields import Field
    >>> teff = Field("teff", "real", "K", "phys.temperature.effective", "temperature")
    >>> star = Table("dr1", "star", "dr1.star", "One row a star.", 2, (teff,))
    >>> made = translate("SELECT TOP 5 Teff / 1000 AS hot FROM star", [star], default="dr1")
    >>> made.sql
    'SELECT t1."teff" / 1000 AS "hot" FROM dr1.star AS t1 LIMIT 5'
    >>> made.fields[0].type, made.fields[0].unit, made.limit
    ('double precision', 'K', 5)
    """
    try:
        tree = read(text)
        context = Context(text, tables, default, Handlers(_value, query))
        found = any_query(tree, Scope(context))
        sql = POSTGRES.generate(found.sql, copy=False, comments=False)
    except RecursionError:
        refuse(text, 0, "The query is too deeply nested.", "Name parts of it in a WITH clause.")
    limit = found.sql.args.get("limit")
    return Translation(
        sql=sql,
        fields=tuple(output.field for output in found.outputs),
        limit=int(limit.expression.this) if limit is not None else None,
    )


def _scalar(node: exp.Expression, scope: Scope) -> Value:
    """Translate a query that stands for a value."""
    found: Query = scope.query(node)
    if len(found.outputs) != 1:
        scope.refuse(node, f"The query in brackets gives {len(found.outputs)} columns.",
                     "As a value it must give one.")  # fmt: skip
    output = found.outputs[0]
    return Value(exp.Subquery(this=found.sql), output.field.type, output.field,
                 output.field.name, loose=found.outer)  # fmt: skip


HANDLERS: dict[type[exp.Expression], Callable[..., Value]] = {
    exp.Column: expressions.column,
    exp.Literal: expressions.literal,
    exp.HexString: expressions.hexadecimal,
    exp.Null: expressions.null,
    exp.Boolean: expressions.truth,
    exp.Paren: expressions.brackets,
    exp.Neg: expressions.sign,
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div), expressions.arithmetic),
    **dict.fromkeys((exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor), expressions.bitwise),
    exp.BitwiseNot: expressions.complement,
    exp.DPipe: expressions.joined_texts,
    exp.Case: expressions.case,
    exp.Cast: expressions.typed,
    exp.Anonymous: function,
    **dict.fromkeys((exp.And, exp.Or), conditions.connected),
    exp.Not: conditions.negated,
    **dict.fromkeys(conditions.COMPARISONS, conditions.comparison),
    exp.Between: conditions.between,
    exp.In: conditions.within,
    **dict.fromkeys((exp.Like, exp.ILike), conditions.like),
    exp.Is: conditions.is_null,
    exp.Exists: conditions.exists,
    **dict.fromkeys((exp.Subquery, exp.Select, exp.Union, exp.Except, exp.Intersect), _scalar),
}
"""What translates each part that can stand in an expression."""


def _value(node: exp.Expression, scope: Scope) -> Value:
    """Translate an expression or a condition."""
    handler = HANDLERS.get(type(node))
    if handler is None:
        word = "*" if isinstance(node, exp.Star) else None
        scope.refuse(node, "This cannot stand here.", word=word)
    found = handler(node, scope)
    if scope.grouped is not None and found.loose and found.sql in scope.grouped:
        return _without_own(found, scope)
    return found


def _without_own(value: Value, scope: Scope) -> Value:
    return replace(value, loose=tuple(one for one in value.loose if one.scope is not scope))
