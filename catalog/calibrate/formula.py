"""Small formulas that are read twice, as SQL and as NumPy, so that the two cannot disagree.

A missing value is NULL in SQL and NaN in NumPy. Conditions are built from comparisons by AND and
OR alone: such a condition holds in SQL exactly where it holds in NumPy with NaN comparing as false.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]
Columns: TypeAlias = Mapping[str, FloatArray]

_NUMPY: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "<": operator.lt,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}


@dataclass(frozen=True, slots=True)
class Number:
    """A constant, written so that PostgreSQL reads back the same bits.

    Examples
    --------
    >>> Number(-1e-05).sql()
    "'-1e-05'::double precision"
    """

    value: float

    def sql(self) -> str:
        """Return it as SQL."""
        return f"'{float(self.value)!r}'::double precision"

    def over(self, _columns: Columns) -> FloatArray:
        """Return its value for every row."""
        return np.float64(self.value)  # type: ignore[return-value]  # broadcasts


@dataclass(frozen=True, slots=True)
class Null:
    """The missing value."""

    def sql(self) -> str:
        """Return it as SQL."""
        return "NULL::double precision"

    def over(self, _columns: Columns) -> FloatArray:
        """Return NaN for every row."""
        return np.float64(np.nan)  # type: ignore[return-value]  # broadcasts


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is there, or was made by an earlier step.

    Parameters
    ----------
    name
        Its name.
    widened
        Whether it may be ``real`` and is made double precision, lest arithmetic be single.
    """

    name: str
    widened: bool = False

    def sql(self) -> str:
        """Return it as SQL."""
        return f"{self.name}::double precision" if self.widened else self.name

    def over(self, columns: Columns) -> FloatArray:
        """Return its values."""
        return columns[self.name]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two formulas joined by ``+``, ``-``, ``*`` or ``/``."""

    left: Formula
    sign: Literal["+", "-", "*", "/"]
    right: Formula

    def sql(self) -> str:
        """Return it as SQL."""
        return f"({self.left.sql()} {self.sign} {self.right.sql()})"

    def over(self, columns: Columns) -> FloatArray:
        """Return its values."""
        value = _NUMPY[self.sign](self.left.over(columns), self.right.over(columns))
        return cast("FloatArray", value)


@dataclass(frozen=True, slots=True)
class Root:
    """The square root of a formula."""

    value: Formula

    def sql(self) -> str:
        """Return it as SQL."""
        return f"sqrt({self.value.sql()})"

    def over(self, columns: Columns) -> FloatArray:
        """Return its values."""
        return np.sqrt(self.value.over(columns))


@dataclass(frozen=True, slots=True)
class Comparison:
    """A condition on two formulas; it does not hold where one of them is missing."""

    left: Formula
    sign: Literal["<", ">", ">=", "="]
    right: Formula

    def sql(self) -> str:
        """Return it as SQL."""
        return f"{self.left.sql()} {self.sign} {self.right.sql()}"

    def over(self, columns: Columns) -> BoolArray:
        """Return where it holds."""
        holds = _NUMPY[self.sign](self.left.over(columns), self.right.over(columns))
        return cast("BoolArray", holds)


@dataclass(frozen=True, slots=True)
class Joined:
    """Conditions of which all (AND) or one (OR) must hold."""

    word: Literal["AND", "OR"]
    conditions: tuple[Condition, ...]

    def sql(self) -> str:
        """Return it as SQL."""
        return "(" + f" {self.word} ".join(one.sql() for one in self.conditions) + ")"

    def over(self, columns: Columns) -> BoolArray:
        """Return where it holds."""
        join = operator.and_ if self.word == "AND" else operator.or_
        return reduce(join, (one.over(columns) for one in self.conditions))


@dataclass(frozen=True, slots=True)
class Case:
    """The value behind the first condition that holds, or else the last one."""

    branches: tuple[tuple[Condition, Formula], ...]
    otherwise: Formula

    def sql(self) -> str:
        """Return it as SQL."""
        whens = " ".join(f"WHEN {when.sql()} THEN {then.sql()}" for when, then in self.branches)
        return f"CASE {whens} ELSE {self.otherwise.sql()} END"

    def over(self, columns: Columns) -> FloatArray:
        """Return its values."""
        value = self.otherwise.over(columns)
        for when, then in reversed(self.branches):
            value = np.where(when.over(columns), then.over(columns), value)
        return value


@dataclass(frozen=True, slots=True)
class Holds:
    """Whether a condition holds: true or false, never missing."""

    condition: Condition | None

    def sql(self) -> str:
        """Return it as SQL."""
        return "false" if self.condition is None else f"({self.condition.sql()}) IS TRUE"

    def over(self, columns: Columns) -> BoolArray:
        """Return where it holds."""
        return np.False_ if self.condition is None else self.condition.over(columns)  # type: ignore[return-value]  # broadcasts


Formula: TypeAlias = Number | Null | Column | Arithmetic | Root | Case
Condition: TypeAlias = Comparison | Joined


def plus(left: Formula, right: Formula) -> Arithmetic:
    """Return the sum of two formulas."""
    return Arithmetic(left, "+", right)


def times(left: Formula, right: Formula) -> Arithmetic:
    """Return the product of two formulas."""
    return Arithmetic(left, "*", right)


def below(left: Formula, value: float) -> Comparison:
    """Return the condition that a formula is below a number."""
    return Comparison(left, "<", Number(value))


def above(left: Formula, value: float) -> Comparison:
    """Return the condition that a formula is above a number."""
    return Comparison(left, ">", Number(value))


def at_least(left: Formula, right: Formula) -> Comparison:
    """Return the condition that a formula is another one or more."""
    return Comparison(left, ">=", right)


def both(*conditions: Condition) -> Joined:
    """Return the condition that all hold."""
    return Joined("AND", conditions)


def either(*conditions: Condition) -> Joined:
    """Return the condition that at least one holds."""
    return Joined("OR", conditions)


def horner(variable: Formula, coefficients: tuple[float, ...]) -> Formula:
    """Return a polynomial of one variable, its highest power first.

    Examples
    --------
    >>> horner(Column("x"), (2.0, 3.0)).over({"x": np.array([10.0])})
    array([23.])
    """
    total: Formula = Number(coefficients[0])
    for coefficient in coefficients[1:]:
        total = plus(times(total, variable), Number(coefficient))
    return total
