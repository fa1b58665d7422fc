"""INTERSECTS: whether two shapes have a point in common."""

from __future__ import annotations

from sqlglot import exp

from starledger.catalog.adql.sky.containing import contains
from starledger.catalog.adql.sky.expressions import double, number, written
from starledger.catalog.adql.sky.outlines import Steps, sides_of
from starledger.catalog.adql.sky.separation import as_close
from starledger.catalog.adql.sky.shapes import Box, Circle, Point, Polygon, Shape


def intersects(one: Shape, other: Shape, select: exp.Select | None = None) -> exp.Expression:
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
    if isinstance(one, Circle) and isinstance(other, Circle):
        return as_close(one.centre, other.centre, _sum(one.radius, other.radius), select)
    if isinstance(one, Circle):
        one, other = other, one
    used = (*one.parts, *other.parts)
    steps = Steps()
    if isinstance(other, Circle):
        return written(_meets_circle(one, other, steps), *used)
    return written(_outlines_meet(one, other, steps), *used)


def _sum(one: exp.Expression, other: exp.Expression) -> exp.Expression:
    radii = (number(one), number(other))
    if radii[0] is not None and radii[1] is not None:
        return exp.Literal.number(repr(float(radii[0] + radii[1])))
    return written(f"({double(one)} + {double(other)})", one, other)


def _meets_circle(one: Polygon | Box, circle: Circle, steps: Steps) -> str:
    sides = sides_of(one, steps)
    centre = steps.position(circle.centre)
    near = sides.nearer(steps, centre, circle.radius_text, "<=")
    return steps.answer(f"({sides.holds(steps, centre)} OR {near})")


def _outlines_meet(one: Polygon | Box, other: Polygon | Box, steps: Steps) -> str:
    sides, others = sides_of(one, steps), sides_of(other, steps)
    return steps.answer(
        f"({sides.crosses(others)} OR {sides.holds(steps, others.corners[0])}"
        f" OR {others.holds(steps, sides.corners[0])})"
    )
