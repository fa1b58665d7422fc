"""AREA, COORD1, COORD2 and CENTROID: what shapes measure."""

from __future__ import annotations

import math

from sqlglot import exp

from starledger.catalog.adql.sky.expressions import (
    flushed,
    literal,
    number,
    written,
)
from starledger.catalog.adql.sky.outlines import Steps, Vector, cross, dot, sides_of
from starledger.catalog.adql.sky.shapes import Box, Circle, Point, Polygon, Shape
from starledger.catalog.adql.sky.spherical import Outline

SQUARE_DEGREES = math.degrees(1) ** 2
"""In a steradian."""


def coord1(point: Point) -> exp.Expression:
    """Return the right ascension of a position, in degrees."""
    return point.lon.copy()


def coord2(point: Point) -> exp.Expression:
    """Return the declination of a position, in degrees."""
    return point.lat.copy()


def area(shape: Shape) -> exp.Expression:
    """Return the area of a shape, in square degrees."""
    if isinstance(shape, Point):
        return exp.Literal.number("0.0")
    if isinstance(shape, Circle):
        return _area_of_circle(shape)
    if shape.constant is not None:
        return written(literal(shape.constant.area * SQUARE_DEGREES))
    steps = Steps()
    text = f"ABS({_signed_area(shape, steps)[0]}) * {SQUARE_DEGREES!r}"
    return written(steps.answer(text), *shape.parts)


def centroid(shape: Shape) -> Point:
    """Return the centre of gravity of a shape."""
    if isinstance(shape, Point):
        return shape
    if isinstance(shape, (Circle, Box)):
        return shape.centre
    if shape.constant is not None:
        return _direction(shape.constant)
    steps = Steps()
    signed, corners = _signed_area(shape, steps)
    ends = [*corners[1:], corners[0]]
    moments = []
    for one, other in zip(corners, ends, strict=True):
        normal = steps.vector(len(steps.layers), cross(one, other))
        length = f"NULLIF(SQRT{dot(normal, normal)}, 0)"
        angle = steps.name(
            len(steps.layers), f"ATAN2({length}, {dot(one, other)}) / {length} * SIGN({signed})"
        )
        moments.append([f"{part} * {angle}" for part in normal])
    total = steps.vector(
        len(steps.layers), (" + ".join(parts) for parts in zip(*moments, strict=True))
    )
    lon, lat = angles(total)
    return Point(written(steps.answer(lon), *shape.parts), written(steps.answer(lat), *shape.parts))


def angles(vector: Vector) -> tuple[str, str]:
    """Return the texts of the right ascension, from 0 to 360, and the declination of a direction.

    Parameters
    ----------
    vector
        The texts of its parts, of any length. They stand in the answers more than once.
    """
    x, y, z = (flushed(part) for part in vector)
    lon = f"(ATAN2D(-{y}, -{x}) + 180)"
    lon = f"(CASE WHEN {lon} < 360 THEN {lon} WHEN {lon} >= 360 THEN 0 END)"
    return lon, f"ATAN2D({z}, SQRT(POWER({x}, 2) + POWER({y}, 2)))"


def _area_of_circle(circle: Circle) -> exp.Expression:
    # 1 − cos r, by half the radius, which keeps the digits of small circles.
    known = number(circle.radius)
    text = literal(min(known, 180.0)) if known is not None else _up_to_180(circle.radius_text)
    half = flushed(f"SIND({text} / 2)")
    return written(f"(4 * PI() * {SQUARE_DEGREES!r} * POWER({half}, 2))", *circle.parts)


def _up_to_180(text: str) -> str:
    return f"(CASE WHEN {text} < 180 THEN {flushed(text)} WHEN {text} >= 180 THEN 180 END)"


def _signed_area(shape: Polygon | Box, steps: Steps) -> tuple[str, list[Vector]]:
    """Return the name of the area in steradians, negative if clockwise, and the corners."""
    corners = sides_of(shape, steps).corners
    ends = [*corners[1:], corners[0]]
    long = steps.vector(
        len(steps.layers), (" + ".join(parts) for parts in zip(*corners, strict=True))
    )
    apex = steps.vector(
        len(steps.layers), (f"{part} / NULLIF(SQRT{dot(long, long)}, 0)" for part in long)
    )
    # The differences keep the digits that products of the corners lose in small outlines.
    triangles = [
        f"2 * ATAN2({dot(apex, cross(_less(one, apex), _less(other, apex)))},"
        f" 1 + {dot(apex, one)} + {dot(apex, other)} + {dot(one, other)})"
        for one, other in zip(corners, ends, strict=True)
    ]
    return steps.name(len(steps.layers), " + ".join(triangles)), corners


def _less(one: Vector, other: Vector) -> Vector:
    x, y, z = (flushed(f"{a} - {b}") for a, b in zip(one, other, strict=True))
    return (x, y, z)


def _direction(outline: Outline) -> Point:
    x, y, z = outline.centre
    lon = math.degrees(math.atan2(y, x)) % 360.0
    lat = math.degrees(math.atan2(z, math.hypot(x, y)))
    return Point(written(literal(lon)), written(literal(lat)))
