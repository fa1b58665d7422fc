"""ORDER BY and OFFSET."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from starledger.catalog.adql.scopes import Output, Scope
from starledger.catalog.adql.values import Value


def ordered(
    node: exp.Select, scope: Scope, outputs: Sequence[Output], select: exp.Select
) -> list[Value]:
    """Translate ORDER BY of a SELECT; return the values of which it is not one of the outputs.

    PostgreSQL takes NULL for larger than everything.
    """
    order = node.args.get("order")
    if order is None:
        return []
    made, values = [], []
    for one in order.expressions:
        place = _place(one.this, scope, outputs)
        if place is None:
            value = scope.plain(one.this)
            place = _same_output(value, outputs)
        if place is None:
            if node.args.get("distinct"):
                scope.refuse(one, "SELECT DISTINCT can be sorted by what it gives only.",
                             "Add this to what is selected.")  # fmt: skip
            if value.constant is not None:
                scope.refuse(one, "Sorting by a constant sorts nothing.", "Name a column.")
            values.append(value)
        made.append(_directed(one, exp.Literal.number(place) if place else value.sql))
    select.set("order", exp.Order(expressions=made))
    return values


def order_of_set(
    node: exp.Expression, scope: Scope, outputs: Sequence[Output], sql: exp.Expression
) -> None:
    """Translate ORDER BY of a set operation: by names and places of its columns."""
    order = node.args.get("order")
    if order is None:
        return
    made = []
    for one in order.expressions:
        place = _place(one.this, scope, outputs)
        if place is None:
            scope.refuse(one, "A set operation is sorted by names or places of its columns.",
                         near=[output.field.name for output in outputs])  # fmt: skip
        made.append(_directed(one, exp.Literal.number(place)))
    sql.set("order", exp.Order(expressions=made))


def _directed(node: exp.Ordered, sql: exp.Expression) -> exp.Ordered:
    down = bool(node.args.get("desc"))
    # What PostgreSQL does by itself, and its indices can.
    return exp.Ordered(this=sql, desc=down, nulls_first=down)


def _place(node: exp.Expression, scope: Scope, outputs: Sequence[Output]) -> int | None:
    """Return the place of an output that a number or a name means."""
    if isinstance(node, exp.Literal) and not node.is_string:
        if not node.this.isdigit() or not 0 < int(node.this[:9]) <= len(outputs):
            scope.refuse(node, f"There is no column {node.this} to sort by.",
                         f"There are 1 to {len(outputs)}.")  # fmt: skip
        return int(node.this)
    if not isinstance(node, exp.Column) or node.args.get("table") is not None:
        return None
    quoted, name = node.this.args.get("quoted"), node.this.this
    found = [
        place for place, output in enumerate(outputs, 1)
        if output.field.name == name
        or (not quoted and output.field.name.lower() == name.lower())
    ]  # fmt: skip
    return found[0] if found else None


def _same_output(value: Value, outputs: Sequence[Output]) -> int | None:
    for place, output in enumerate(outputs, 1):
        if output.value.sql == value.sql:
            return place
    return None


def skipped(node: exp.Expression, scope: Scope, sql: exp.Expression) -> None:
    """Translate OFFSET."""
    offset = node.args.get("offset")
    if offset is None:
        return
    given = offset.args["expression"]
    number = str(given.this) if isinstance(given, exp.Literal) and not given.is_string else ""
    if not number.isdigit() or len(number) > 18:
        scope.refuse(given, "After OFFSET there is no whole number.", "Write OFFSET 10.")
    sql.set("offset", exp.Offset(expression=exp.Literal.number(number)))
