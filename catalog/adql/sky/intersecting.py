"""INTERSECTS: whether two shapes have a point in common."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.expressions.core import Expression

from starledger.catalog.adql.sky.containing import contains
from starledger.catalog.adql.sky.expressions import double, number, written
from starledger.catalog.adql.sky.outlines import Steps, sides_of
from starledger.catalog.adql.sky.separation import as_close
from starledger.catalog.adql.sky.shapes import Box, Circle, Point, Polygon, Shape


def intersects(one: Shape, other: Shape, select: exp.Select | None = None) -> Expression:
    """Return the condition that two shapes have a point in common; NULL where a coordinate is.

    Parameters
    ----------
    one, other
        The shapes; a point is as in CONTAINS, whichever it is.
    select
        The query whose condition it becomes, for a crossmatch; None gives the plain test.

    Raises
    ------
    SkyError
        If both are points.
    """
    if isinstance(one, Point):
        return contains(one, other, select)
    if isinstance(other, Point):
        return contains(other, one, select)
    used = (*one.parts, *other.parts)
    if isinstance(one, Circle):
        if isinstance(other, Circle):
            return as_close(one.centre, other.centre, _sum(one.radius, other.radius), select)
        return written(_circle_meets(one, other), *used)
    if isinstance(other, Circle):
        return written(_circle_meets(other, one), *used)
    return written(_outlines_meet(one, other), *used)


def _sum(one: Expression, other: Expression) -> Expression:
    radii = (number(one), number(other))
    if radii[0] is not None and radii[1] is not None:
        return exp.Literal.number(repr(float(radii[0] + radii[1])))
    return written(f"({double(one)} + {double(other)})", one, other)


def _circle_meets(circle: Circle, other: Polygon | Box) -> str:
    steps = Steps()
    sides = sides_of(other, steps)
    centre = steps.position(circle.centre)
    near = sides.nearer(steps, centre, circle.radius_text, "<=")
    return steps.answer(f"({sides.holds(steps, centre)} OR {near})")


def _outlines_meet(one: Polygon | Box, other: Polygon | Box) -> str:
    steps = Steps()
    sides, others = sides_of(one, steps), sides_of(other, steps)
    return steps.answer(
        f"({sides.crosses(others)} OR {sides.holds(steps, others.corners[0])}"
        f" OR {others.holds(steps, sides.corners[0])})"
    )
