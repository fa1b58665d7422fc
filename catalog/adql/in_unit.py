"""IN_UNIT: a number in another unit."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from functools import lru_cache

from sqlglot import exp

from starledger.catalog.adql.geometry import expect, number
from starledger.catalog.adql.scopes import Scope
from starledger.catalog.adql.values import DOUBLE, Value, about, bracketed, cast, double, made_of
from starledger.schema.units import DIMENSIONLESS

UNIT = re.compile(r"[A-Za-z%][A-Za-z0-9 .*/()%+-]{0,59}")
LARGE_POWER = re.compile(r"[0-9]{3}")


def in_unit(node: exp.Expression, scope: Scope) -> Value:
    """Translate IN_UNIT: multiply by the number that changes the one unit into the other."""
    expect(node, scope, 2)
    value = number(node.expressions[0], scope)
    wanted = node.expressions[1]
    if not isinstance(wanted, exp.Literal) or not wanted.is_string:
        scope.refuse(wanted, "The unit is not written out.", "Give it in single quotes: 'km/s'.")
    target = wanted.this.strip()
    if value.about is None or value.unit == DIMENSIONLESS:
        scope.refuse(node.expressions[0], "The unit of this is not known, or it has none.",
                     "Use a column that has a unit.")  # fmt: skip
    try:
        factor = _factor(value.unit, target)
    except ValueError as error:
        scope.refuse(wanted, str(error), "Write a VOUnit such as 'km/s'.", word=target[:40])
    described = replace(value.about, unit=target) if value.about else about(target)
    if factor == 1.0:
        return made_of([value], double(value), DOUBLE, about=described, name=value.name)
    by = cast(exp.Literal.number(repr(factor)), DOUBLE)
    sql = exp.Mul(this=bracketed(double(value)), expression=by)
    return made_of([value], sql, DOUBLE, about=described, name=value.name)


@lru_cache(maxsize=1024)
def _factor(unit: str, target: str) -> float:
    """Return by what numbers in a unit are multiplied to be in another one.

    Examples
    --------
    >>> _factor("mas", "arcsec")
    0.001
    """
    if unit == target:
        return 1.0
    if not UNIT.fullmatch(target) or LARGE_POWER.search(target):
        raise ValueError(f"{target[:40]!r} is no unit.")
    # astropy is slow to import, and few queries need it.
    from astropy.units import Unit, UnitsWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnitsWarning)
        try:
            factor = Unit(unit, format="vounit").to(Unit(target, format="vounit"))
        except (ValueError, TypeError, ArithmeticError, AttributeError, KeyError):
            raise ValueError(f"{unit} cannot be changed into {target!r}.") from None
    return float(factor)
