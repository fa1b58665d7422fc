"""Values: columns, numbers, texts, arithmetic, CASE and CAST."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NoReturn

from sqlglot import exp

from starledger.catalog.adql.conditions import alike, check_time, condition
from starledger.catalog.adql.dialect import TYPES
from starledger.catalog.adql.geometry import ARRAY, number, on_sky, whole
from starledger.catalog.adql.reading import start
from starledger.catalog.adql.scopes import Scope
from starledger.catalog.adql.values import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    INTEGER,
    INTEGERS,
    NULL,
    NUMBERS,
    REAL,
    SMALLINT,
    TEXT,
    TEXTS,
    TIMES,
    TIMESTAMP,
    Loose,
    Value,
    about,
    bracketed,
    cast,
    common_type,
    converted,
    made_of,
)
from starledger.schema.units import DIMENSIONLESS

MOST_DIGITS = 400

CASTS = {
    exp.DataType.Type.SMALLINT: SMALLINT,
    exp.DataType.Type.INT: INTEGER,
    exp.DataType.Type.BIGINT: BIGINT,
    exp.DataType.Type.FLOAT: REAL,
    exp.DataType.Type.DOUBLE: DOUBLE,
    exp.DataType.Type.CHAR: TEXT,
    exp.DataType.Type.VARCHAR: TEXT,
    exp.DataType.Type.TIMESTAMP: TIMESTAMP,
}


def column(node: exp.Column, scope: Scope) -> Value:
    """Translate the name of a column."""
    if not isinstance(node.this, exp.Identifier):
        scope.refuse(node, "A star cannot stand here.", "Name one column.", word="*")
    found = scope.column(node)
    sql = found.sql
    owner = scope.owner(found)
    loose = Loose(owner, found.field.name, start(node))
    free = owner.grouped is not None and sql in owner.grouped
    if owner is not scope and not free:
        for one in scope.chain():
            if one is owner:
                break
            one.outer.append(loose)
    shape = None
    if found.shape is not None:
        shape = on_sky(node, scope, found.shape, sql)
    return Value(sql, found.field.type, found.field, found.field.name, shape=shape, column=found,
                 loose=() if free else (loose,))  # fmt: skip


def literal(node: exp.Literal, scope: Scope) -> Value:
    """Translate a number or a text."""
    if node.is_string:
        return Value(exp.Literal.string(node.this), TEXT, constant=str(node.this))
    return _number(node, scope, "")


def _number(node: exp.Literal, scope: Scope, sign: str) -> Value:
    text = str(node.this)
    if len(text) > MOST_DIGITS:
        scope.refuse(node, f"The number has {len(text)} characters.", "Write it shorter.",
                     word=text[:20])  # fmt: skip
    if text.isdigit():
        return _whole(node, scope, int(sign + text))
    value = float(sign + text)
    if math.isinf(value):
        scope.refuse(node, f"The number {text[:30]} is too large.", "The largest is 1.8e308.")
    # PostgreSQL refuses numbers that are too small to be doubles.
    return Value(cast(_signed(text if value else "0", sign), DOUBLE), DOUBLE, constant=value)


def _signed(text: str, sign: str) -> exp.Expr:
    unsigned = exp.Literal.number(text)
    return exp.Neg(this=unsigned) if sign else unsigned


def _whole(node: exp.Expr, scope: Scope, value: int) -> Value:
    if not -(2**63) <= value < 2**63:
        scope.refuse(node, f"The whole number {value} is too large.",
                     "Whole numbers go up to 9223372036854775807; write others as 1e20.",
                     word=str(value)[:40])  # fmt: skip
    small = -(2**31) < value < 2**31
    text = str(abs(value))
    if value == -(2**63):
        # As a positive number it would not fit.
        return Value(cast(exp.Literal.string(str(value)), BIGINT), BIGINT, constant=value)
    sql = _signed(text, "-" if value < 0 else "")
    return Value(sql, INTEGER if small else BIGINT, constant=value)


def hexadecimal(node: exp.HexString, scope: Scope) -> Value:
    """Translate a hexadecimal number."""
    digits = str(node.this)
    if not digits or len(digits) > 16:
        scope.refuse(node, "The hexadecimal number has no or too many digits.", "Give 1 to 16.")
    return _whole(node, scope, int(digits, 16))


def null(node: exp.Null, scope: Scope) -> Value:  # noqa: ARG001
    """Translate NULL."""
    return Value(exp.Null(), NULL)


def truth(node: exp.Boolean, scope: Scope) -> Value:  # noqa: ARG001
    """Translate TRUE and FALSE."""
    return Value(exp.Boolean(this=bool(node.this)), BOOLEAN, constant=bool(node.this))


def brackets(node: exp.Paren, scope: Scope) -> Value:
    """Translate what stands in brackets."""
    found = scope.any_value(node.this)
    if found.shape is not None:
        return found
    return replace(found, sql=exp.Paren(this=found.sql) if not isinstance(found.sql, exp.Paren)
                   else found.sql)  # fmt: skip


def sign(node: exp.Neg, scope: Scope) -> Value:
    """Translate a minus before a value."""
    if isinstance(node.this, exp.Literal) and not node.this.is_string:
        return _number(node.this, scope, "-")
    inner = number(node.this, scope)
    kind = DOUBLE if inner.type == NULL else inner.type
    return made_of([inner], exp.Neg(this=bracketed(inner.sql)), kind, about=inner.about)


def arithmetic(node: exp.Binary, scope: Scope) -> Value:
    """Translate + - * and /, which PostgreSQL does on whole numbers without rest."""
    parts = _chain(node, scope)
    left = parts[0][1]
    for operation, right in parts[1:]:
        left = _step(operation, left, right)
    return left


def _chain(node: exp.Expr, scope: Scope) -> list[tuple[type[exp.Expr], Value]]:
    """Return the operands of a chain of operations of equal rank, without recursion."""
    found: list[tuple[type[exp.Expr], Value]] = []
    current: exp.Expr = node
    while isinstance(current, exp.Add | exp.Sub | exp.Mul | exp.Div):
        found.append((type(current), number(current.args["expression"], scope)))
        current = current.this
    found.append((type(current), number(current, scope)))
    return found[::-1]


def _step(operation: type[exp.Expr], left: Value, right: Value) -> Value:
    kinds = {left.type, right.type} - {NULL}
    if kinds <= set(INTEGERS):
        kind = max(kinds, key=INTEGERS.index, default=INTEGER)
    else:
        kind = REAL if kinds == {REAL} else DOUBLE
    operands = [cast(one.sql, kind) if one.type == NULL else bracketed(one.sql)
                for one in (left, right)]  # fmt: skip
    if kind == DOUBLE and REAL in kinds and operation is not exp.Div:
        operands = [cast(sql, DOUBLE) if one.type == REAL else sql
                    for one, sql in zip((left, right), operands, strict=True)]  # fmt: skip
    named = {"typed": True, "safe": False} if operation is exp.Div else {}
    sql = operation(this=operands[0], expression=operands[1], **named)
    unit = _unit(operation, left, right)
    return made_of([left, right], sql, kind, about=about(unit) if unit else None)


def _unit(operation: type[exp.Expr], left: Value, right: Value) -> str | None:
    """Return the unit of a sum, difference, product or quotient, if it follows."""
    bare = DIMENSIONLESS
    if operation in (exp.Add, exp.Sub):
        if left.unit == right.unit or right.constant is not None:
            return left.unit
        return right.unit if left.constant is not None else None
    if right.unit == bare:
        return left.unit
    return right.unit if operation is exp.Mul and left.unit == bare else None


def bitwise(node: exp.Binary, scope: Scope) -> Value:
    """Translate & | and ^."""
    parts = [whole(node.this, scope), whole(node.expression, scope)]
    kinds = {part.type for part in parts} - {NULL}
    kind = max(kinds, key=INTEGERS.index, default=INTEGER)
    sql = type(node)(
        this=bracketed(converted(parts[0], kind)), expression=bracketed(converted(parts[1], kind))
    )
    return made_of(parts, sql, kind)


def complement(node: exp.BitwiseNot, scope: Scope) -> Value:
    """Translate ~."""
    inner = whole(node.this, scope)
    kind = INTEGER if inner.type == NULL else inner.type
    sql = exp.BitwiseNot(this=exp.Paren(this=converted(inner, kind)))
    return made_of([inner], sql, kind)


def joined_texts(node: exp.DPipe, scope: Scope) -> Value:
    """Translate ||."""
    parts = []
    for one in (node.this, node.expression):
        found = scope.plain(one)
        if found.type not in (*TEXTS, NULL):
            scope.refuse(one, f"|| joins texts, and this is {found.type}.",
                         "Write CAST(… AS VARCHAR).")  # fmt: skip
        parts.append(found)
    sqls = [bracketed(converted(part, TEXT)) for part in parts]
    return made_of(parts, exp.DPipe(this=sqls[0], expression=sqls[1], safe=True), TEXT)


def case(node: exp.Case, scope: Scope) -> Value:
    """Translate CASE, in both of its forms."""
    subject = node.args.get("this")
    ask = scope.plain(subject) if subject is not None else None
    conditions, values = [], []
    for branch in node.args["ifs"]:
        if ask is None:
            conditions.append(condition(branch.this, scope))
        else:
            conditions.append(alike([ask, scope.plain(branch.this)], branch.this, scope)[1])
        values.append(scope.plain(branch.args["true"]))
    otherwise = node.args.get("default")
    if otherwise is not None:
        values.append(scope.plain(otherwise))
    kind = one_type(values, node, scope)
    sqls = [converted(value, kind) for value in values]
    branches = [
        exp.If(this=asked.sql, true=sql) for asked, sql in zip(conditions, sqls, strict=False)
    ]
    made = exp.Case(
        this=ask.sql if ask else None, ifs=branches,
        default=sqls[-1] if otherwise is not None else None,
    )  # fmt: skip
    parts = [*([ask] if ask else []), *conditions, *values]
    return made_of(parts, made, kind, about=shared(values), name="case")


def one_type(values: list[Value], node: exp.Expr, scope: Scope) -> str:
    """Return the type of values of which one is chosen, or refuse them."""
    kind = common_type(values)
    if kind is None:
        types = " and ".join(sorted({value.type for value in values}))
        scope.refuse(node, f"{types} do not go together.", "CAST them to one type.")
    return TEXT if kind == NULL else kind


def shared(values: list[Value]) -> object:
    """Return what is known of values of which one is chosen: of the first that is a column."""
    return next((value.about for value in values if value.about is not None), None)


def typed(node: exp.Cast, scope: Scope) -> Value:
    """Translate CAST."""
    target = node.args["to"]
    kind = CASTS.get(target.this) if isinstance(target, exp.DataType) else None
    if kind is None:
        _no_type(node, scope)
    inner = scope.plain(node.this)
    length = _length(target, scope)
    _check_cast(inner, kind, node, scope)
    sql = inner.sql
    if length is not None:
        sql = cast(cast(sql, f"varchar({length})"), TEXT)
    elif inner.type == BOOLEAN and kind in (SMALLINT, BIGINT, REAL, DOUBLE):
        sql = cast(cast(sql, INTEGER), kind)
    elif inner.type != kind or inner.constant is not None:
        sql = cast(sql, kind)
    return made_of([inner], sql, kind, about=inner.about, name=inner.name)


def _no_type(node: exp.Cast, scope: Scope) -> NoReturn:
    scope.refuse(node.args["to"], "There is no such type for CAST.", f"There are {TYPES}.",
                 word=str(node.args["to"].this))  # fmt: skip


def _length(target: exp.DataType, scope: Scope) -> int | None:
    given = [str(one.this.this) for one in target.expressions]
    is_char = target.this == exp.DataType.Type.CHAR
    if not given:
        return 1 if is_char else None
    texts = target.this in (exp.DataType.Type.CHAR, exp.DataType.Type.VARCHAR)
    if texts and len(given) == 1 and given[0] == "*":
        return None
    if not texts or len(given) > 1 or not given[0].isdigit() or not 0 < int(given[0][:9]) < 10**7:
        scope.refuse(target, "This is no length of a text.", "Write VARCHAR(20).")
    return int(given[0])


def _check_cast(inner: Value, kind: str, node: exp.Cast, scope: Scope) -> None:
    allowed: tuple[str, ...] = (*NUMBERS, *TEXTS, NULL)
    if kind == TIMESTAMP:
        allowed = (*TEXTS, *TIMES, NULL)
        if isinstance(inner.constant, str):
            check_time(inner.constant, node.this, scope)
    elif kind in (*NUMBERS, TEXT):
        allowed += (BOOLEAN, *(TIMES if kind == TEXT else ()))
    if inner.type not in allowed or inner.type == ARRAY:
        scope.refuse(node.this, f"{inner.type} cannot be cast to {kind}.")
    if kind in NUMBERS and isinstance(inner.constant, str):
        try:
            value = float(inner.constant)
            if kind in INTEGERS:
                int(inner.constant)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or "_" in inner.constant:
            scope.refuse(node.this, f"{inner.constant[:40]!r} is no {kind}.", "Write a number.")
