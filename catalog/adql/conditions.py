"""Conditions: comparisons, what joins them, and the other predicates of ADQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlglot import exp

from starledger.catalog.adql.geometry import compared
from starledger.catalog.adql.scopes import Scope
from starledger.catalog.adql.values import (
    BOOLEAN,
    NULL,
    TEXTS,
    TIMES,
    Value,
    bracketed,
    cast,
    family,
    made_of,
)

COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)

_TRUTHS = {1: True, 0: False, "true": True, "false": False, "t": True, "f": False,
           "1": True, "0": False}  # fmt: skip


def where(
    node: exp.Expression, scope: Scope, select: exp.Select | None, clause: str
) -> Value:
    """Translate the condition of a clause in which no aggregates may stand.

    Parameters
    ----------
    node
        The condition.
    scope
        What its names mean.
    select
        The SELECT into whose WHERE or ON the condition goes: conditions on the sky may add to it.
    clause
        The clause.
    """
    before, scope.aggregates = scope.aggregates, clause
    parts = []
    for one in _flat(node, exp.And):
        bare = one.unnest()
        found = compared(bare, scope, select) if isinstance(bare, COMPARISONS) else None
        parts.append(found or condition(one, scope))
    scope.aggregates = before
    return _joined(parts, exp.And)


def condition(node: exp.Expression, scope: Scope) -> Value:
    """Translate what must be true or false."""
    found = scope.any_value(node)
    if found.predicate:
        return found
    if found.type == BOOLEAN:
        return replace(found, predicate=True)
    scope.refuse(node, "This is a value, no condition.", "Compare it with something, as 1 = CONTAINS(…).")


def _flat(node: exp.Expression, kind: type[exp.Expression]) -> list[exp.Expression]:
    """Return what a chain of AND or OR joins, in order."""
    found: list[exp.Expression] = []
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, kind):
            waiting += [one.args["expression"], one.this]
        else:
            found.append(one)
    return found


def _joined(parts: Sequence[Value], kind: type[exp.And | exp.Or]) -> Value:
    if len(parts) == 1:
        return parts[0]
    other = exp.Or if kind is exp.And else exp.And
    sqls = [exp.Paren(this=one.sql) if isinstance(one.sql, other) else one.sql for one in parts]
    sql = sqls[0]
    for one in sqls[1:]:
        sql = kind(this=sql, expression=one)
    return made_of(parts, sql, BOOLEAN, predicate=True)


def connected(node: exp.Expression, scope: Scope) -> Value:
    """Translate AND and OR."""
    kind = exp.And if isinstance(node, exp.And) else exp.Or
    return _joined([condition(one, scope) for one in _flat(node, kind)], kind)


def negated(node: exp.Not, scope: Scope) -> Value:
    """Translate NOT."""
    inner = condition(node.this, scope)
    sql = exp.Not(this=inner.sql if isinstance(inner.sql, exp.Paren) else exp.Paren(this=inner.sql))
    return made_of([inner], sql, BOOLEAN, predicate=True)


def comparison(node: exp.Expression, scope: Scope) -> Value:
    """Translate a comparison."""
    on_sky = compared(node, scope, None)
    if on_sky is not None:
        return on_sky
    left, right = alike([scope.plain(node.this), scope.plain(node.expression)], node, scope)
    sql = type(node)(this=bracketed(left.sql), expression=bracketed(right.sql))
    return made_of([left, right], sql, BOOLEAN, predicate=True)


def alike(values: list[Value], node: exp.Expression, scope: Scope) -> list[Value]:
    """Return values so that PostgreSQL can compare them, or refuse them."""
    kinds = {family(value.type) for value in values} - {NULL}
    if BOOLEAN in kinds and len(kinds) > 1:
        values = [_truth(value) for value in values]
    elif "time" in kinds and len(kinds) > 1:
        kind = next(value.type for value in values if value.type in TIMES)
        values = [_time(value, kind, node, scope) for value in values]
    kinds = {family(value.type) for value in values} - {NULL}
    if len(kinds) > 1:
        types = " and ".join(sorted({value.type for value in values if value.type != NULL}))
        scope.refuse(node, f"{types} cannot be compared.", "CAST one of them.")
    if any(kind.endswith("[]") or kind in {"json", "jsonb"} for kind in kinds):
        scope.refuse(node, f"Values of type {kinds.pop()} cannot be compared.")
    return values


def _truth(value: Value) -> Value:
    said = value.constant.lower() if isinstance(value.constant, str) else value.constant
    known = _TRUTHS.get(said) if isinstance(said, int | str) else None
    if value.type == BOOLEAN or known is None:
        return value
    return replace(value, sql=exp.Boolean(this=known), type=BOOLEAN)


def _time(value: Value, kind: str, node: exp.Expression, scope: Scope) -> Value:
    if not isinstance(value.constant, str):
        return value
    check_time(value.constant, node, scope)
    return replace(value, sql=cast(value.sql, kind), type=kind)


def check_time(text: str, node: exp.Expression, scope: Scope) -> None:
    """Refuse a text that is no time."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        scope.refuse(node, f"{text[:40]!r} is no time.", "Write it as 2015-01-01T12:30:00.", word=text)


def between(node: exp.Between, scope: Scope) -> Value:
    """Translate BETWEEN."""
    parts = [scope.plain(node.args[name]) for name in ("this", "low", "high")]
    this, low, high = (bracketed(one.sql) for one in alike(parts, node, scope))
    sql = exp.Between(this=this, low=low, high=high)
    return made_of(parts, sql, BOOLEAN, predicate=True)


def within(node: exp.In, scope: Scope) -> Value:
    """Translate IN, with a list or a query."""
    this = scope.plain(node.this)
    query = node.args.get("query")
    if query is None:
        parts = [this, *(scope.plain(one) for one in node.expressions)]
        first, *rest = alike(parts, node, scope)
        sql = exp.In(this=bracketed(first.sql), expressions=[one.sql for one in rest])
        return made_of(parts, sql, BOOLEAN, predicate=True)
    found = scope.query(query)
    if len(found.outputs) != 1:
        scope.refuse(node.this, f"The query after IN gives {len(found.outputs)} columns.",
                     "It must give one.")  # fmt: skip
    other = found.outputs[0]
    alike([replace(this, constant=None), replace(other.value, type=other.field.type, constant=None)],
          node, scope)  # fmt: skip
    sql = exp.In(this=bracketed(this.sql), query=exp.Subquery(this=found.sql))
    value = made_of([this], sql, BOOLEAN, predicate=True)
    return replace(value, loose=value.loose + found.outer)


def like(node: exp.Expression, scope: Scope) -> Value:
    """Translate LIKE and ILIKE, in whose patterns no character escapes another."""
    parts = [scope.plain(node.this), scope.plain(node.expression)]
    for one, value in zip((node.this, node.expression), parts, strict=True):
        if value.type not in (*TEXTS, NULL):
            scope.refuse(one, f"LIKE compares texts, and this is {value.type}.",
                         "Write CAST(… AS VARCHAR).")  # fmt: skip
    sql: exp.Expression = type(node)(
        this=bracketed(parts[0].sql), expression=bracketed(parts[1].sql)
    )
    if not isinstance(parts[1].constant, str) or "\\" in parts[1].constant:
        sql = exp.Escape(this=sql, expression=exp.Literal.string(""))
    return made_of(parts, sql, BOOLEAN, predicate=True)


def is_null(node: exp.Is, scope: Scope) -> Value:
    """Translate IS NULL."""
    if not isinstance(node.expression, exp.Null):
        scope.refuse(node.expression, "After IS there is NULL or NOT NULL.", "Use = otherwise.")
    this = scope.plain(node.this)
    sql = exp.Is(this=bracketed(this.sql), expression=exp.Null())
    return made_of([this], sql, BOOLEAN, predicate=True)


def exists(node: exp.Exists, scope: Scope) -> Value:
    """Translate EXISTS."""
    found = scope.query(node.this)
    return Value(exp.Exists(this=found.sql), BOOLEAN, predicate=True, loose=found.outer)
