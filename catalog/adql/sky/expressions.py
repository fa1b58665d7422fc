"""SQL text inside expressions: what constants come to, and which columns are used.

The formulas of the sky are long, and sqlglot takes milliseconds to copy trees of that size: they
are kept as text, in nodes that remember the columns in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import reduce

from sqlglot import exp

COLUMNS = "columns"
"""Where a text's node keeps the columns that the text uses."""

TINY = "1e-30"
"""Added and taken away again, it makes tinier numbers 0: PostgreSQL refuses underflow."""

NO_ANGLES = ("Infinity", "-Infinity", "NaN")
"""The doubles that PostgreSQL refuses to take a sine or a whole number of."""

FUNCTIONS: dict[str, Callable[..., float]] = {
    "PI": lambda: math.pi,
    "RADIANS": math.radians,
    "DEGREES": math.degrees,
    "SQRT": math.sqrt,
    "ABS": abs,
}
"""The functions that are evaluated where their arguments are constant."""

OPERATIONS: dict[type[exp.Expression], Callable[[float, float], float]] = {
    exp.Add: lambda one, other: one + other,
    exp.Sub: lambda one, other: one - other,
    exp.Mul: lambda one, other: one * other,
    exp.Pow: math.pow,
}


def number(expression: exp.Expression) -> float | None:
    """Return what an expression comes to, or None if it depends on a row or is not known to us.

    Whole numbers are divided as PostgreSQL divides them, without the rest.

    Examples
    --------
    >>> from sqlglot import parse_one
    >>> number(parse_one("2 * (3 - 1) / -60.0", read="postgres"))
    -0.06666666666666667
    >>> number(parse_one("7 / 2", read="postgres"))
    3
    >>> number(parse_one("a.ra + 1", read="postgres")) is None
    True
    """
    try:
        return _value(expression)
    except (ArithmeticError, ValueError, TypeError):
        return None


def _value(expression: exp.Expression) -> float | None:
    if isinstance(expression, exp.Literal):
        return None if expression.is_string else _literal(expression.name)
    if isinstance(expression, exp.Paren):
        return _value(expression.this)
    if isinstance(expression, exp.Neg):
        inner = _value(expression.this)
        return None if inner is None else -inner
    if isinstance(expression, exp.Cast):
        return _cast(expression)
    if isinstance(expression, exp.Binary):
        return _binary(expression)
    if isinstance(expression, exp.Func):
        return _function(expression)
    return None


def _literal(text: str) -> float:
    return int(text) if text.isdigit() else float(text)


def _cast(expression: exp.Cast) -> float | None:
    inner = _value(expression.this)
    if inner is not None and expression.to.this == exp.DataType.Type.DOUBLE:
        return float(inner)
    return None


def _binary(expression: exp.Binary) -> float | None:
    one, other = _value(expression.left), _value(expression.right)
    if one is None or other is None:
        return None
    if isinstance(expression, exp.Div):
        if isinstance(one, int) and isinstance(other, int):
            return abs(one) // abs(other) * (1 if (one < 0) == (other < 0) else -1)
        return one / other
    operation = OPERATIONS.get(type(expression))
    return None if operation is None else operation(one, other)


def _function(expression: exp.Func) -> float | None:
    name = expression.name if isinstance(expression, exp.Anonymous) else expression.sql_name()
    function = FUNCTIONS.get(name.upper())
    arguments = [
        _value(argument)
        for argument in (
            expression.expressions
            if isinstance(expression, exp.Anonymous)
            else [part for part in expression.args.values() if isinstance(part, exp.Expression)]
        )
    ]
    if function is None or None in arguments:
        return None
    return function(*arguments)


def columns_of(*expressions: exp.Expression | None) -> list[exp.Column]:
    """Return the columns in some expressions, those of our own texts too."""
    found: list[exp.Column] = []
    for expression in expressions:
        if expression is not None:
            found += expression.find_all(exp.Column)
            for text in expression.find_all(exp.Var):
                found += text.meta.get(COLUMNS, ())
    return found


def written(text: str, *used: exp.Expression | None) -> exp.Expression:
    """Return SQL text as an expression that knows the columns of what it was made from."""
    node = exp.Var(this=text)
    node.meta[COLUMNS] = columns_of(*used)
    return node


def double(expression: exp.Expression) -> str:
    """Return the text of an expression as a double, so that no division is one of whole numbers.

    Examples
    --------
    >>> double(exp.column("ra", "a"))
    'CAST(a.ra AS DOUBLE PRECISION)'
    """
    known = number(expression)
    return (
        literal(known) if known is not None else f"CAST({text_of(expression)} AS DOUBLE PRECISION)"
    )


def literal(value: float) -> str:
    """Return the text of a number as a double."""
    return f"CAST({float(value)!r} AS DOUBLE PRECISION)"


def text_of(expression: exp.Expression) -> str:
    """Return the text of an expression for PostgreSQL."""
    return expression.sql("postgres")


def finite(text: str) -> str:
    """Return the text of a double that is NULL where it is infinite or none, and has no sine."""
    return reduce(
        lambda inner, odd: f"NULLIF({inner}, CAST('{odd}' AS DOUBLE PRECISION))", NO_ANGLES, text
    )


def flushed(text: str) -> str:
    """Return the text of a double whose squares cannot underflow."""
    return f"({text} + {TINY} - {TINY})"


def layered(layers: list[Mapping[str, str]], answer: str) -> str:
    """Return a sub-select that names values step by step, so that each is worked out once.

    Parameters
    ----------
    layers
        By name, the values of each step, which may use the names of the steps before it. Only
        the first may use columns of the query around.
    answer
        The last value, or a list of them.

    Examples
    --------
    >>> layered([{"x": "a.ra / 2"}, {"y": "x * x"}], "y + x")
    '(SELECT y + x FROM (SELECT *, x * x AS y FROM (SELECT a.ra / 2 AS x OFFSET 0) AS _0 OFFSET 0) AS _1)'
    """
    source = ""
    for place, layer in enumerate(layers):
        values = ", ".join(f"{value} AS {name}" for name, value in layer.items())
        before = f" FROM {source}" if source else ""
        # The offset keeps the planner from putting each value wherever its name stands.
        source = f"(SELECT {'*, ' if source else ''}{values}{before} OFFSET 0) AS _{place}"
    return f"(SELECT {answer} FROM {source})"
