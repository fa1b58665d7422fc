"""What one calibration adds to a label, or does to its error, as a formula."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from starledger.catalog.calibrate.formula import (
    Arithmetic,
    Case,
    Column,
    Comparison,
    Condition,
    Formula,
    Null,
    Number,
    above,
    below,
    both,
    either,
    horner,
    plus,
    times,
)
from starledger.catalog.calibrate.populations import DEFAULT_BOUNDARY, DWARF, GIANT, column_of

if TYPE_CHECKING:
    from starledger.catalog.calibrate.forms import Calibration


def variables(one: Calibration, names: Sequence[str]) -> Iterator[tuple[str, Formula]]:
    """Yield the formulas of a calibration's variables as its polynomial or spline takes them.

    They are held within their ranges, and moved by their pivots and scales.

    Parameters
    ----------
    one
        The calibration.
    names
        The columns that hold its variables.
    """
    pivots = one.definition.get("pivots", [0.0] * len(names))
    scales = one.definition.get("scales", [1.0] * len(names))
    for name, variable, pivot, scale in zip(names, one.variables, pivots, scales, strict=True):
        value: Formula = Column(name)
        if one.outside == "hold":
            value = _clamped(value, *one.ranges.get(variable, (None, None)))
        if pivot:
            value = Arithmetic(value, "-", Number(pivot))
        if scale != 1:
            value = Arithmetic(value, "/", Number(scale))
        yield moved(name), value


def moved(name: str) -> str:
    """Return the column that holds a variable as the form takes it."""
    return f"{name}_in"


def correction(one: Calibration, names: Sequence[str]) -> Formula:
    """Return what a calibration adds to its label, or what its error is multiplied by or added to.

    Parameters
    ----------
    one
        The calibration.
    names
        The columns that hold its variables.
    """
    value = _form(one, [Column(moved(name)) for name in names])
    least = one.definition.get("least")
    if least is not None:
        value = Case(((below(value, least), Number(least)),), value)
    nothing = Number(1.0 if one.corrects == "error" and not one.is_floor else 0.0)
    branches: list[tuple[Condition, Formula]] = []
    outside = _outside(one, names)
    if outside is not None and one.outside != "hold":
        beyond = nothing if one.outside == "nothing" else Null()
        branches.append((_of_population(one, outside), beyond))
    if one.population == "all":
        return Case(tuple(branches), value) if branches else value
    other = Comparison(_giant(one), "=", Number(DWARF if one.population == "giant" else GIANT))
    return Case(((other, nothing), *branches, (_belongs(one), value)), Null())


def held(one: Calibration, names: Sequence[str], label: Formula) -> Condition | None:
    """Return the condition that a calibrated label got the correction of the end of a range."""
    outside = _outside(one, names)
    if outside is None or one.outside != "hold":
        return None
    return both(Comparison(label, "=", label), _of_population(one, outside))


def _of_population(one: Calibration, condition: Condition) -> Condition:
    return condition if one.population == "all" else both(_belongs(one), condition)


def _belongs(one: Calibration) -> Condition:
    return Comparison(_giant(one), "=", Number(GIANT if one.population == "giant" else DWARF))


def _giant(one: Calibration) -> Column:
    return Column(column_of(str(one.definition.get("boundary", DEFAULT_BOUNDARY))))


def _outside(one: Calibration, names: Sequence[str]) -> Condition | None:
    """Return the condition that a variable is outside its range."""
    ends: list[Condition] = []
    for name, variable in zip(names, one.variables, strict=True):
        low, high = one.ranges.get(variable, (None, None))
        if low is not None:
            ends.append(below(Column(name), low))
        if high is not None:
            ends.append(above(Column(name), high))
    return either(*ends) if ends else None


def _clamped(value: Formula, low: float | None, high: float | None) -> Formula:
    branches: list[tuple[Condition, Formula]] = []
    if low is not None:
        branches.append((below(value, low), Number(low)))
    if high is not None:
        branches.append((above(value, high), Number(high)))
    return Case(tuple(branches), value) if branches else value


def _form(one: Calibration, at: Sequence[Formula]) -> Formula:
    match one.form:
        case "constant":
            return Number(one.coefficients[0])
        case "spline":
            return _spline(one, at[0])
        case _:
            return _polynomial(one, at)


def _spline(one: Calibration, at: Formula) -> Formula:
    """Return the cubic piece of the knot interval that a value is in."""
    knots = one.definition["knots"]
    pieces = [
        horner(Arithmetic(at, "-", Number(knot)), one.coefficients[4 * i : 4 * i + 4])
        for i, knot in enumerate(knots[:-1])
    ]
    inner = zip(knots[1:-1], pieces, strict=False)
    branches = tuple((below(at, knot), piece) for knot, piece in inner)
    return Case(branches, pieces[-1]) if branches else pieces[-1]


def _polynomial(one: Calibration, at: Sequence[Formula]) -> Formula:
    """Return the sum of the terms; those of one variable by Horner's rule, as people write them."""
    if len(at) == 1:
        by_power = {term[0]: c for term, c in zip(one.powers, one.coefficients, strict=True)}
        highest = max(by_power)
        return horner(at[0], tuple(by_power.get(highest - i, 0.0) for i in range(highest + 1)))
    total: Formula | None = None
    for term, coefficient in zip(one.powers, one.coefficients, strict=True):
        product: Formula = Number(coefficient)
        for power, variable in zip(term, at, strict=True):
            for _ in range(power):
                product = times(product, variable)
        total = product if total is None else plus(total, product)
    return total if total is not None else Number(0.0)
