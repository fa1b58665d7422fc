"""SELECT, set operations and WITH."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlglot import exp

from starledger.catalog.adql.conditions import condition, where
from starledger.catalog.adql.geometry import as_array
from starledger.catalog.adql.ordering import order_of_set, ordered, skipped
from starledger.catalog.adql.reading import start
from starledger.catalog.adql.scopes import (
    LONGEST_NAME,
    Column,
    Common,
    Output,
    Query,
    Scope,
    same_name,
)
from starledger.catalog.adql.sources import read_from
from starledger.catalog.adql.values import NULL, TEXT, Loose, Value, cast, common_type, converted

MOST_COLUMNS = 1600
"""PostgreSQL gives no more."""

ROWS_BEYOND = 2**63


def query(node: exp.Expr, scope: Scope) -> Query:
    """Translate a query within another one, or the whole."""
    return any_query(node, scope.inner())


def any_query(node: exp.Expr, scope: Scope) -> Query:
    """Translate a query whose names the given scope is to hold."""
    common = node.args.get("with_")
    if common is not None:
        return _with(common, node, scope)
    if isinstance(node, exp.Subquery):
        return _in_brackets(node, scope)
    if isinstance(node, exp.SetOperation):
        return _set(node, scope)
    if not isinstance(node, exp.Select):
        scope.refuse(node, "This is no query.", "A query begins with SELECT.")
    return _select(node, scope)


def _with(common: exp.With, node: exp.Expr, scope: Scope) -> Query:
    """Translate WITH: each query sees those named before it."""
    named = dict(scope.common)
    made = []
    for one in common.expressions:
        if one.args["alias"].columns:
            scope.refuse(one, "Columns are not renamed in WITH.", "Use AS in its SELECT.")
        identifier = one.args["alias"].this
        name = scope.name(identifier)
        if any(name.lower() == known.name.lower() for known in named.values()
               if known not in scope.common.values()):  # fmt: skip
            scope.refuse(identifier, f"WITH names {name} twice.", "Give one another name.")
        inner = Scope(scope.context, parent=scope.parent, common=dict(named))
        found = any_query(one.this, inner)
        sql_name = scope.context.alias("w")
        named[name.lower()] = Common(name, bool(identifier.args.get("quoted")), sql_name, found)
        alias = exp.TableAlias(this=exp.Identifier(this=sql_name, quoted=False))
        made.append(exp.CTE(this=found.sql, alias=alias))
    node.set("with_", None)
    scope.common = named
    result = any_query(node, scope)
    sql = result.sql
    if sql.args.get("with_") is not None or isinstance(sql, exp.Subquery):
        sql = exp.select("*").from_(exp.Subquery(this=sql, alias=scope.context.alias("t")))
    sql.set("with_", exp.With(expressions=made))
    return replace(result, sql=sql)


def _in_brackets(node: exp.Subquery, scope: Scope) -> Query:
    if node.args.get("alias") is not None:
        scope.refuse(node, "A query has no name here.", "Take the name away.")
    if not node.args.get("order") and not node.args.get("offset"):
        return any_query(node.this, scope)
    inner = any_query(node.this, scope)
    sql = exp.Subquery(this=inner.sql)
    _finish(node, scope, inner.outputs, sql)
    return replace(inner, sql=sql)


def _finish(node: exp.Expr, scope: Scope, outputs: Sequence[Output], sql: exp.Expr) -> None:
    """Sort and cut what a set operation or a query in brackets gives."""
    order_of_set(node, scope, outputs, sql)
    skipped(node, scope, sql)


def _select(node: exp.Select, scope: Scope) -> Query:
    """Translate a SELECT."""
    select = exp.Select()
    read_from(node, scope, select)
    if condition_ := node.args.get("where"):
        select.set("where", exp.Where(this=where(condition_.this, scope, select, "WHERE").sql))
    _group(node, scope, select)
    outputs = _outputs(node, scope)
    select.set("expressions", [
        exp.Alias(this=one.value.sql, alias=exp.Identifier(this=one.field.name, quoted=True))
        for one in outputs
    ])  # fmt: skip
    having = _having(node, scope, select)
    if distinct := node.args.get("distinct"):
        if distinct.expressions:
            scope.refuse(node, "ADQL has no DISTINCT ON.", "Write SELECT DISTINCT.")
        select.set("distinct", exp.Distinct())
    sorting = ordered(node, scope, outputs, select)
    skipped(node, scope, select)
    if limit := node.args.get("limit"):
        select.set("limit", exp.Limit(expression=exp.Literal.number(top(limit, scope))))
    _check_groups(scope, [one.value for one in outputs] + having + sorting)
    return Query(select, tuple(outputs), tuple(scope.outer))


def top(limit: exp.Limit, scope: Scope) -> int:
    """Return the number after TOP."""
    given = limit.args["expression"]
    number = str(given.this) if isinstance(given, exp.Literal) and not given.is_string else ""
    if not number.isdigit() or len(number) > 19 or int(number) >= ROWS_BEYOND:
        scope.refuse(given, "After TOP there is no whole number.", "Write TOP 10.")
    return int(number)


def _group(node: exp.Select, scope: Scope, select: exp.Select) -> None:
    group = node.args.get("group")
    if group is None:
        return
    scope.aggregates = "GROUP BY"
    sqls = []
    for one in group.expressions:
        value = _grouped(one, node, scope)
        bare = isinstance(value.sql, exp.Null | exp.Boolean | exp.Literal)
        if isinstance(one, exp.Literal) or bare or (value.constant is not None and not value.loose):
            scope.refuse(one, "GROUP BY takes columns and expressions.",
                         "Repeat the expression, or name it with AS.")  # fmt: skip
        sqls.append(value.sql)
    scope.aggregates = None
    select.set("group", exp.Group(expressions=[sql.copy() for sql in sqls]))
    scope.grouped = set(sqls)


def _grouped(one: exp.Expr, node: exp.Select, scope: Scope) -> Value:
    """Translate what GROUP BY names: a column, the name of an output, or an expression."""
    if isinstance(one, exp.Column) and one.args.get("table") is None and not scope.has_name(one):
        for output in node.expressions:
            if isinstance(output, exp.Alias) and same_name(
                output.alias, bool(output.args["alias"].args.get("quoted")), one.this
            ):
                return scope.plain(output.this)
    return scope.plain(one)


def _having(node: exp.Select, scope: Scope, select: exp.Select) -> list[Value]:
    having = node.args.get("having")
    if having is None:
        return []
    found = condition(having.this, scope)
    select.set("having", exp.Having(this=found.sql))
    return [replace(found, aggregate=True)]


def _check_groups(scope: Scope, values: Sequence[Value]) -> None:
    """Refuse columns that differ within a group."""
    if scope.grouped is None and not any(value.aggregate for value in values):
        return
    for value in values:
        for one in value.loose:
            if one.scope is scope:
                at = exp.Identifier(this=one.name)
                at.meta["start"] = one.start
                scope.refuse(at, f"The column {one.name} is neither grouped by nor aggregated.",
                             "Put it into GROUP BY, or take MIN, MAX or AVG of it.")  # fmt: skip


def _outputs(node: exp.Select, scope: Scope) -> list[Output]:
    """Translate what a SELECT gives, with each star written out."""
    taken: set[str] = set()
    outputs: list[Output] = []
    if not node.expressions:
        scope.refuse(node, "Nothing is selected.", "Name columns, or write *.", word="SELECT")
    for one in node.expressions:
        for value, name in _given(one, scope):
            if value.predicate:
                scope.refuse(
                    one, "A condition is no value.", "Write CASE WHEN … THEN 1 ELSE 0 END."
                )
            outputs.append(_output(value, name, one, scope, taken, len(outputs) + 1))
    if len(outputs) > MOST_COLUMNS:
        scope.refuse(node, f"The SELECT gives {len(outputs)} columns.",
                     f"Take {MOST_COLUMNS} at most.", word="SELECT")  # fmt: skip
    return outputs


def _given(node: exp.Expr, scope: Scope) -> list[tuple[Value, str | None]]:
    """Return what one expression after SELECT gives, with the names that the query says."""
    if isinstance(node, exp.Star):
        at = start(node)
        return [(_of_column(one, scope, at), None) for one in scope.visible]
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
        item = scope.item(node)
        if item is None:
            table = str(node.args["table"].this)
            scope.refuse(node, f"There is no table {table} in FROM.", word=table,
                         near=[item.name for item in scope.items])  # fmt: skip
        at = start(node)
        return [(_of_column(one, scope, at), None) for one in item.columns]
    if isinstance(node, exp.Alias):
        return [(scope.any_value(node.this), scope.name(node.args["alias"]))]
    return [(scope.any_value(node), None)]


def _of_column(column: Column, scope: Scope, at: int) -> Value:
    """Return the value of a column that a star means."""
    sql = column.sql
    free = scope.grouped is not None and sql in scope.grouped
    shape = column.shape(sql) if column.shape is not None else None
    loose = () if free else (Loose(scope, column.field.name, at),)
    return Value(sql, column.field.type, column.field, column.field.name, shape=shape,
                 column=column, loose=loose)  # fmt: skip


def _output(
    value: Value, name: str | None, node: exp.Expr, scope: Scope, taken: set[str],
    place: int,
) -> Output:  # fmt: skip
    """Return a column of the answer, under a name that no other has."""
    if value.shape is not None:
        value = replace(value, sql=as_array(value, node, scope))
    elif value.type == NULL or (value.type == TEXT and isinstance(value.sql, exp.Literal)):
        value = replace(value, sql=cast(value.sql, TEXT))
    wanted = name or value.name or f"column_{place}"
    unique = unused(wanted, taken)
    taken.add(unique)
    return Output(value.field(unique), value)


def unused(wanted: str, taken: Collection[str]) -> str:
    """Return a name, or one like it if it is taken.

    Examples
    --------
    >>> unused("ra", {"ra", "dec"})
    'ra_2'
    """
    unique, number = wanted, 1
    while unique in taken:
        number += 1
        end = f"_{number}"
        start_ = wanted.encode()[: LONGEST_NAME - len(end)].decode(errors="ignore")
        unique = start_ + end
    return unique


def unlike(outputs: Sequence[Output], sql: exp.Expr) -> list[Output]:
    """Return the columns of an answer under names that differ by more than their case.

    Files of several formats cannot hold others.
    """
    while not isinstance(sql, exp.Select):
        sql = sql.this
    found, taken = [], set[str]()
    for place, output in enumerate(outputs):
        name = output.field.name
        if name.lower() in taken:
            number = 2
            while f"{name[:50]}_{number}".lower() in taken:
                number += 1
            name = f"{name[:50]}_{number}"
            sql.expressions[place].set("alias", exp.Identifier(this=name, quoted=True))
            output = replace(output, field=output.field.named(name))
        taken.add(name.lower())
        found.append(output)
    return found


def _set(node: exp.SetOperation, scope: Scope) -> Query:
    """Translate UNION, EXCEPT and INTERSECT: the columns are called as in the first query."""
    operands = [any_query(side, scope.sibling()) for side in (node.this, node.expression)]
    left, right = operands
    if len(left.outputs) != len(right.outputs):
        scope.refuse(node.expression, f"One query gives {len(left.outputs)} columns, the other"
                     f" {len(right.outputs)}.", "They must give the same number.",
                     word="SELECT")  # fmt: skip
    outputs = []
    for place, pair in enumerate(zip(left.outputs, right.outputs, strict=True)):
        outputs.append(_unified(pair, place, operands, node, scope))
    sql: exp.Query = type(node)(
        this=exp.Subquery(this=left.sql),
        expression=exp.Subquery(this=right.sql),
        distinct=bool(node.args.get("distinct")),
    )
    _finish(node, scope, outputs, sql)
    return Query(sql, tuple(outputs), left.outer + right.outer)


def _unified(
    pair: tuple[Output, Output], place: int, operands: list[Query], node: exp.SetOperation,
    scope: Scope,
) -> Output:  # fmt: skip
    """Return the column that two queries give together, after casting one that has another type."""
    values = [one.value for one in pair]
    kind = common_type(values)
    if kind is None:
        types = " and ".join(value.type for value in values)
        scope.refuse(node.expression, f"The column {pair[0].field.name} is of the types {types}.",
                     "CAST one of them.", word=pair[0].field.name)  # fmt: skip
    kind = TEXT if kind == NULL else kind
    for one, operand in zip(pair, operands, strict=True):
        if one.field.type != kind:
            _cast_output(operand.sql, place, kind)
    shape = values[0].shape if type(values[0].shape) is type(values[1].shape) else None
    known = Value(exp.Null(), kind, pair[0].field, shape=shape)
    return Output(replace(pair[0].field, type=kind), known)


def _cast_output(sql: exp.Expr, place: int, kind: str) -> None:
    """Give a column of each SELECT in a query another type."""
    if isinstance(sql, exp.Select):
        alias = sql.expressions[place]
        alias.set("this", converted(Value(alias.this, ""), kind))
        return
    for side in (sql.this, sql.args.get("expression")):
        if isinstance(side, exp.Expr):
            _cast_output(side, place, kind)
