"""Aggregates: COUNT, MIN, MAX, SUM, AVG and ivo_string_agg."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from starledger.catalog.adql.geometry import expect
from starledger.catalog.adql.scopes import Scope
from starledger.catalog.adql.values import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    INTEGERS,
    NULL,
    NUMBERS,
    TEXT,
    TEXTS,
    Value,
    about,
    call,
    cast,
    converted,
    double,
    made_of,
)


def _arguments(node: exp.Expression, scope: Scope, count: int) -> tuple[list[Value], bool]:
    """Translate what is aggregated, and tell whether only distinct values are."""
    name = node.this.upper()
    if scope.aggregates is not None:
        scope.refuse(node, f"The aggregate {name} cannot stand in {scope.aggregates}.",
                     "Put conditions on it into HAVING.", word=node.this)  # fmt: skip
    nodes, distinct = list(node.expressions), False
    if len(nodes) == 1 and isinstance(nodes[0], exp.Distinct):
        nodes, distinct = list(nodes[0].expressions), True
    if len(nodes) != count:
        expect(node, scope, count)
        scope.refuse(node, f"{name} takes {count} argument.", word=node.this)
    grouped, scope.grouped = scope.grouped, None
    scope.aggregates = "another aggregate"
    values = [scope.plain(one) for one in nodes]
    scope.grouped, scope.aggregates = grouped, None
    loose = [one for value in values for one in value.loose]
    if loose and all(one.scope is not scope for one in loose):
        scope.refuse(node, f"{name} is of columns of the query around this one.",
                     "Use columns of its own FROM.", word=node.this)  # fmt: skip
    return values, distinct


def _aggregate(
    function: str, values: list[Value], distinct: bool, scope: Scope, kind: str, **more: object
) -> Value:
    sqls = [value.sql for value in values]
    arguments = [exp.Distinct(expressions=sqls)] if distinct else sqls
    made = made_of(values, call(function, *arguments), kind, **more)
    outer = tuple(one for one in made.loose if one.scope is not scope)
    return replace(made, aggregate=True, loose=outer)


def count(node: exp.Expression, scope: Scope) -> Value:
    """Translate COUNT."""
    described = about("dimensionless", "meta.number", "number of rows")
    if len(node.expressions) == 1 and isinstance(node.expressions[0], exp.Star):
        if scope.aggregates is not None:
            scope.refuse(node, f"The aggregate COUNT cannot stand in {scope.aggregates}.",
                         "Put conditions on it into HAVING.", word=node.this)  # fmt: skip
        sql = call("COUNT", exp.Star())
        return Value(sql, BIGINT, described, "count", aggregate=True)
    values, distinct = _arguments(node, scope, 1)
    if values[0].type == NULL:
        values = [replace(values[0], sql=cast(values[0].sql, TEXT))]
    return _aggregate("COUNT", values, distinct, scope, BIGINT, about=described, name="count")


def extreme(node: exp.Expression, scope: Scope) -> Value:
    """Translate MIN and MAX."""
    values, distinct = _arguments(node, scope, 1)
    value, name = values[0], node.this.upper()
    if value.type == BOOLEAN or value.type.endswith("[]"):
        scope.refuse(node, f"There is no {name} of {value.type}.", "CAST it AS INTEGER.",
                     word=node.this)  # fmt: skip
    kind = TEXT if value.type in (*TEXTS, NULL) else value.type
    value = replace(value, sql=converted(value, kind) if value.constant is None
                    and value.type != NULL else cast(value.sql, kind))  # fmt: skip
    return _aggregate(name, [value], distinct, scope, kind, about=value.about, name=name.lower())


def _numbers(node: exp.Expression, scope: Scope) -> tuple[Value, bool]:
    values, distinct = _arguments(node, scope, 1)
    if values[0].type not in (*NUMBERS, NULL):
        name = node.this.upper()
        scope.refuse(node, f"There is no {name} of {values[0].type}.", "CAST it to a number.",
                     word=node.this)  # fmt: skip
    return values[0], distinct


def mean(node: exp.Expression, scope: Scope) -> Value:
    """Translate AVG, in double precision."""
    value, distinct = _numbers(node, scope)
    value = replace(value, sql=double(value) if value.type != NULL else cast(value.sql, DOUBLE))
    return _aggregate("AVG", [value], distinct, scope, DOUBLE, about=value.about, name="avg")


def total(node: exp.Expression, scope: Scope) -> Value:
    """Translate SUM: whole numbers give one of 64 bits, all others double precision."""
    value, distinct = _numbers(node, scope)
    if value.type not in INTEGERS:
        value = replace(value, sql=double(value) if value.type != NULL else cast(value.sql, DOUBLE))
        return _aggregate("SUM", [value], distinct, scope, DOUBLE, about=value.about, name="sum")
    made = _aggregate("SUM", [value], distinct, scope, BIGINT, about=value.about, name="sum")
    return replace(made, sql=cast(made.sql, BIGINT)) if value.type == BIGINT else made


def string_agg(node: exp.Expression, scope: Scope) -> Value:
    """Translate ivo_string_agg: the texts of a group, joined."""
    values, _ = _arguments(node, scope, 2)
    for one, value in zip(node.expressions, values, strict=False):
        if value.type not in (*TEXTS, NULL):
            scope.refuse(one, f"This is {value.type}, not a text.", "Write CAST(… AS VARCHAR).")
    values = [replace(value, sql=cast(value.sql, TEXT)) for value in values]
    return _aggregate("STRING_AGG", values, False, scope, TEXT, about=values[0].about,
                      name="ivo_string_agg")  # fmt: skip


AGGREGATES: dict[str, Callable[[exp.Expression, Scope], Value]] = {
    "COUNT": count,
    "MIN": extreme,
    "MAX": extreme,
    "AVG": mean,
    "SUM": total,
    "IVO_STRING_AGG": string_agg,
}
