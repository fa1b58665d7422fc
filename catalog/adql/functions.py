"""The functions of ADQL, by name: what each takes, gives, and is called in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from starledger.catalog.adql import geometry
from starledger.catalog.adql.aggregates import AGGREGATES
from starledger.catalog.adql.expressions import one_type, shared
from starledger.catalog.adql.geometry import expect, number
from starledger.catalog.adql.in_unit import in_unit
from starledger.catalog.adql.scopes import Scope
from starledger.catalog.adql.values import (
    DOUBLE,
    INTEGER,
    INTEGERS,
    NULL,
    TEXT,
    TEXTS,
    Value,
    about,
    bracketed,
    call,
    cast,
    converted,
    double,
    made_of,
)

OF_DOUBLES = {
    "CEILING": "CEIL", "FLOOR": "FLOOR", "EXP": "EXP", "LOG": "LN", "LOG10": "LOG", "SQRT": "SQRT",
    "DEGREES": "DEGREES", "RADIANS": "RADIANS", "SIN": "SIN", "COS": "COS", "TAN": "TAN",
    "COT": "COT", "ASIN": "ASIN", "ACOS": "ACOS", "ATAN": "ATAN",
}  # fmt: skip
"""The functions of one number in double precision, with their names in PostgreSQL."""

KEEPING_UNIT = {"CEILING", "FLOOR"}
UNITS = {"DEGREES": "deg", "RADIANS": "rad", "ASIN": "rad", "ACOS": "rad", "ATAN": "rad"}

MOST_PLACES = 300
"""Decimal places to which numbers are rounded at most."""

Handler = Callable[[exp.Expression, Scope], Value]


def _of_double(node: exp.Expression, scope: Scope) -> Value:
    expect(node, scope, 1)
    name = node.this.upper()
    inner = number(node.expressions[0], scope)
    described = inner.about if name in KEEPING_UNIT else None
    if name in UNITS:
        described = about(UNITS[name])
    sql = call(OF_DOUBLES[name], double(inner))
    return made_of([inner], sql, DOUBLE, about=described, name=name.lower())


def _two_doubles(node: exp.Expression, scope: Scope) -> Value:
    expect(node, scope, 2)
    parts = [number(one, scope) for one in node.expressions]
    name = node.this.upper()
    described = about("rad") if name == "ATAN2" else None
    sql = call(name, *(double(part) for part in parts))
    return made_of(parts, sql, DOUBLE, about=described, name=name.lower())


def _absolute(node: exp.Expression, scope: Scope) -> Value:
    expect(node, scope, 1)
    inner = number(node.expressions[0], scope)
    kind = DOUBLE if inner.type == NULL else inner.type
    sql = call("ABS", converted(inner, kind))
    return made_of([inner], sql, kind, about=inner.about, name="abs")


def _remainder(node: exp.Expression, scope: Scope) -> Value:
    """Translate MOD; of doubles by their decimals, since PostgreSQL has none of them."""
    expect(node, scope, 2)
    parts = [number(one, scope) for one in node.expressions]
    kinds = {part.type for part in parts}
    if kinds <= set(INTEGERS):
        kind = max(kinds, key=INTEGERS.index)
        return made_of(parts, call("MOD", *(part.sql for part in parts)), kind, name="mod")
    sqls = [cast(double(part), "numeric") for part in parts]
    return made_of(parts, cast(call("MOD", *sqls), DOUBLE), DOUBLE, name="mod")


def _rounded(node: exp.Expression, scope: Scope) -> Value:
    """Translate ROUND and TRUNCATE: by decimals, as PostgreSQL has both for them only."""
    expect(node, scope, 1, 2)
    inner = number(node.expressions[0], scope)
    places = _places(node.expressions[1], scope) if len(node.expressions) == 2 else 0
    name = node.this.upper()
    exact = inner.sql if inner.type in INTEGERS else double(inner)
    sql = call(
        "ROUND" if name == "ROUND" else "TRUNC",
        cast(exact, "numeric"),
        exp.Neg(this=exp.Literal.number(-places)) if places < 0 else exp.Literal.number(places),
    )
    return made_of([inner], cast(sql, DOUBLE), DOUBLE, about=inner.about, name=name.lower())


def _places(node: exp.Expression, scope: Scope) -> int:
    found = scope.plain(node).constant
    if not isinstance(found, int) or isinstance(found, bool) or abs(found) > MOST_PLACES:
        scope.refuse(node, "The number of decimal places is no whole number written out.",
                     f"Give one from -{MOST_PLACES} to {MOST_PLACES}.")  # fmt: skip
    return found


def _pi(node: exp.Expression, scope: Scope) -> Value:
    expect(node, scope, 0)
    return Value(call("PI"), DOUBLE, name="pi")


def _random(node: exp.Expression, scope: Scope) -> Value:
    """Translate RAND; the standard leaves open what its seed does: here nothing."""
    expect(node, scope, 0, 1)
    for one in node.expressions:
        number(one, scope)
    return Value(call("RANDOM"), DOUBLE, name="rand")


def text(node: exp.Expression, scope: Scope) -> Value:
    """Translate what must be a text."""
    found = scope.plain(node)
    if found.type not in (*TEXTS, NULL):
        scope.refuse(node, f"This is {found.type}, not a text.", "Write CAST(… AS VARCHAR).")
    return found


def _in_case(node: exp.Expression, scope: Scope) -> Value:
    expect(node, scope, 1)
    inner = text(node.expressions[0], scope)
    name = node.this.upper()
    sql = call(name, converted(inner, TEXT) if inner.constant is None else inner.sql)
    return made_of([inner], sql, TEXT, about=inner.about, name=name.lower())


def _coalesce(node: exp.Expression, scope: Scope) -> Value:
    if not node.expressions:
        scope.refuse(node, "COALESCE takes one argument or more.", "Give values.")
    values = [scope.plain(one) for one in node.expressions]
    kind = one_type(values, node, scope)
    sql = call("COALESCE", *(converted(value, kind) for value in values))
    return made_of(values, sql, kind, about=shared(values), name=values[0].name or "coalesce")


def _no_case_match(node: exp.Expression, scope: Scope) -> Value:
    """Translate ivo_nocasematch: 1 if a text matches a pattern in any case."""
    expect(node, scope, 2)
    parts = [text(one, scope) for one in node.expressions]
    matches = exp.Escape(
        this=exp.ILike(this=bracketed(parts[0].sql), expression=bracketed(parts[1].sql)),
        expression=exp.Literal.string(""),
    )
    sql = cast(exp.Paren(this=matches), INTEGER)
    return made_of(parts, sql, INTEGER, name="ivo_nocasematch")


FUNCTIONS: dict[str, Handler] = {
    **dict.fromkeys(OF_DOUBLES, _of_double),
    **AGGREGATES,
    "POWER": _two_doubles, "ATAN2": _two_doubles, "ABS": _absolute, "MOD": _remainder,
    "ROUND": _rounded, "TRUNCATE": _rounded, "PI": _pi, "RAND": _random,
    "LOWER": _in_case, "UPPER": _in_case, "COALESCE": _coalesce, "IN_UNIT": in_unit,
    "POINT": geometry.point, "CIRCLE": geometry.circle, "BOX": geometry.box,
    "POLYGON": geometry.polygon, "REGION": geometry.region,
    "CONTAINS": geometry.test_as_number, "INTERSECTS": geometry.test_as_number,
    "DISTANCE": geometry.the_distance, "AREA": geometry.the_area,
    "COORD1": geometry.coordinate, "COORD2": geometry.coordinate, "COORDSYS": geometry.frame,
    "CENTROID": geometry.the_centroid,
    "IVO_HEALPIX_INDEX": geometry.cell, "IVO_HEALPIX_CENTER": geometry.centre_of_cell,
    "IVO_EPOCH_PROP_POS": geometry.moved, "IVO_NOCASEMATCH": _no_case_match,
}  # fmt: skip


def function(node: exp.Anonymous, scope: Scope) -> Value:
    """Translate the call of a function."""
    name = node.this if isinstance(node.this, str) else str(node.this.this)
    handler = FUNCTIONS.get(name.upper()) if isinstance(node.this, str) else None
    if handler is None:
        scope.refuse(node, f"There is no function {name}.",
                     "The page “Ask with ADQL” lists them.", near=FUNCTIONS, word=name)  # fmt: skip
    return handler(node, scope)
