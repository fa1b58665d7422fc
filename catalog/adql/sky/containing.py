"""CONTAINS: whether a shape lies in another."""

from __future__ import annotations

from sqlglot import exp

from starledger.catalog.adql.sky import cover
from starledger.catalog.adql.sky.errors import SkyError
from starledger.catalog.adql.sky.expressions import written
from starledger.catalog.adql.sky.outlines import Sides, Steps, sides_of
from starledger.catalog.adql.sky.separation import as_close, in_ranges
from starledger.catalog.adql.sky.shapes import Box, Circle, Point, Polygon, Shape


def contains(inner: Shape, outer: Shape, select: exp.Select | None = None) -> exp.Expression:
    """Return the condition that a shape lies in another; NULL where a coordinate is.

    Rims belong to circles. Points on the rim of a polygon or a box lie on the side that rounding
    puts them.

    Parameters
    ----------
    inner, outer
        The shapes.
    select
        The query whose condition it becomes, for a crossmatch; None gives the plain test.

    Raises
    ------
    SkyError
        If the outer shape is a point.
    """
    if isinstance(outer, Point):
        raise SkyError("Nothing lies in a point.", remedy="Give a shape as the second argument.")
    if isinstance(outer, Circle):
        return _in_circle(inner, outer, select)
    if isinstance(inner, Point):
        return _point_in_outline(inner, outer)
    used = (*inner.parts, *outer.parts)
    steps = Steps()
    sides = sides_of(outer, steps)
    if isinstance(inner, Circle):
        return written(_circle_in_outline(inner, sides, steps), *used)
    ours = sides_of(inner, steps)
    inside = [sides.holds(steps, corner) for corner in ours.corners]
    around = [ours.holds(steps, corner) for corner in sides.corners]
    text = f"({' AND '.join(inside)} AND NOT ({' OR '.join([*around, ours.crosses(sides)])}))"
    return written(steps.answer(text), *used)


def _in_circle(inner: Shape, circle: Circle, select: exp.Select | None) -> exp.Expression:
    if isinstance(inner, Point):
        return as_close(inner, circle.centre, circle.radius, select)
    if isinstance(inner, Circle):
        radius, ours = circle.radius_text, inner.radius_text
        limit = written(
            f"CASE WHEN {radius} >= 180 THEN 180 WHEN {radius} < 180 THEN {radius} - {ours} END",
            circle.radius,
            inner.radius,
        )
        return as_close(inner.centre, circle.centre, limit)
    steps = Steps()
    sides = sides_of(inner, steps)
    centre, radius = steps.position(circle.centre), circle.radius_text
    opposite = steps.vector(len(steps.layers), (f"-({part})" for part in centre))
    rest = f"(CASE WHEN {radius} < 180 THEN 180 - {radius} WHEN {radius} >= 180 THEN 0 END)"
    # Outside a circle is a circle too, the one around the opposite point.
    text = (
        f"(NOT {sides.holds(steps, opposite)} AND NOT {sides.nearer(steps, opposite, rest, '<')})"
    )
    return written(steps.answer(text), *inner.parts, *circle.parts)


def _point_in_outline(point: Point, outer: Polygon | Box) -> exp.Expression:
    steps = Steps()
    sides = sides_of(outer, steps)
    place = steps.position(point)
    test = steps.answer(sides.holds(steps, place))
    if point.healpix is not None and outer.constant is not None:
        test = f"({in_ranges(point.healpix, cover.outline_ranges(outer.constant))} AND {test})"
    return written(test, *point.parts, *outer.parts)


def _circle_in_outline(circle: Circle, sides: Sides, steps: Steps) -> str:
    centre = steps.position(circle.centre)
    near = sides.nearer(steps, centre, circle.radius_text, "<")
    return steps.answer(f"({sides.holds(steps, centre)} AND NOT {near})")
