"""Polygons and boxes in SQL: which points they hold, what comes near their rims or crosses them.

Everything is signs of products of vectors, written into the steps of one sub-select. Constant
outlines put numbers where those of columns put the names of values of steps before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from starledger.catalog.adql.sky.expressions import double, flushed, layered, number
from starledger.catalog.adql.sky.shapes import Box, Point, Polygon
from starledger.catalog.adql.sky.spherical import Outline, Vectors, unit_vectors

Vector = tuple[str, str, str]

NO_DIGITS = 1e-30
"""Smaller constant components are 0: PostgreSQL refuses products that underflow."""


@dataclass
class Steps:
    """The steps of a sub-select, and the names that they give."""

    layers: list[dict[str, str]] = field(default_factory=list)
    n_names: int = 0

    def name(self, step: int, text: str) -> str:
        """Give a value of a step a name."""
        while len(self.layers) <= step:
            self.layers.append({})
        self.n_names += 1
        name = f"v{self.n_names}"
        self.layers[step][name] = text
        return name

    def vector(self, step: int, parts: Iterable[str]) -> Vector:
        """Give the three parts of a vector names."""
        x, y, z = (self.name(step, part) for part in parts)
        return (x, y, z)

    def position(self, point: Point) -> Vector:
        """Return the unit vector to a position, in the first step."""
        lon, lat = point.lon_text, point.lat_text
        if point.constant is not None:
            return _numbers(unit_vector(point))
        cos = f"COSD({lat})"
        parts = (f"{cos} * COSD({lon})", f"{cos} * SIND({lon})", f"SIND({lat})")
        return self.vector(0, map(flushed, parts))

    def answer(self, text: str) -> str:
        """Return the sub-select that answers a value."""
        return layered([layer for layer in self.layers if layer], text) if self.layers else text


def unit_vector(point: Point) -> Vectors:
    """Return the unit vector to a constant position."""
    assert point.constant is not None  # noqa: S101 - for type checkers
    return unit_vectors(*point.constant)


def _numbers(vector: Iterable[float]) -> Vector:
    x, y, z = (repr(0.0 if abs(part) < NO_DIGITS else float(part)) for part in vector)
    return (x, y, z)


def dot(one: Vector, other: Vector) -> str:
    """Return the text of a scalar product."""
    return "(" + " + ".join(f"{a} * {b}" for a, b in zip(one, other, strict=True)) + ")"


def cross(one: Vector, other: Vector) -> Vector:
    """Return the texts of the parts of a vector product."""
    (a, b, c), (x, y, z) = one, other
    return (f"({b} * {z} - {c} * {y})", f"({c} * {x} - {a} * {z})", f"({a} * {y} - {b} * {x})")


@dataclass(frozen=True)
class Sides:
    """An outline in the steps of a sub-select.

    Parameters
    ----------
    corners
        Unit vectors to the corners.
    normals
        Unit vectors to the left of the sides, which start at the corners.
    turns
        The products of the reference, a direction not on any side's great circle, and the corners.
    eastward
        The conditions that the sides run eastward as seen with the reference in the north.
    reference_inside
        Whether the reference lies inside.
    """

    corners: list[Vector]
    normals: list[Vector]
    turns: list[Vector]
    eastward: list[str]
    reference_inside: bool

    def holds(self, steps: Steps, point: Vector) -> str:
        """Return the condition that a point lies inside."""
        step = len(steps.layers)
        turns = [steps.name(step, dot(point, turn)) for turn in self.turns]
        crossings = []
        for place, (normal, eastward) in enumerate(zip(self.normals, self.eastward, strict=True)):
            now, after = turns[place], turns[(place + 1) % len(turns)]
            above = dot(point, normal)
            east = f"{now} >= 0 AND {after} < 0 AND {above} < 0"
            west = f"{now} < 0 AND {after} >= 0 AND {above} > 0"
            if eastward in ("TRUE", "FALSE"):
                crossings.append(f"({east if eastward == 'TRUE' else west})")
            else:
                crossings.append(f"(CASE WHEN {eastward} THEN {east} ELSE {west} END)")
        counted = " + ".join(f"CAST({crossing} AS INTEGER)" for crossing in crossings)
        return f"(({counted}) & 1 = {0 if self.reference_inside else 1})"

    def nearer(self, steps: Steps, point: Vector, limit: str, comparison: str) -> str:
        """Return the condition that the rim is nearer a point than a limit in degrees.

        Parameters
        ----------
        steps
            The steps, which may get more.
        point
            The unit vector to the point.
        limit
            The limit's text, from 0 to 180.
        comparison
            ``<`` or ``<=``.
        """
        sine = steps.name(0, f"CASE WHEN {limit} < 90 THEN SIND({limit}) ELSE 2 END")
        chord = steps.name(0, f"4 * POWER(SIND({flushed(limit)} / 2), 2)")
        either = []
        for corner, normal, end in zip(
            self.corners, self.normals, [*self.corners[1:], self.corners[0]], strict=True
        ):
            apart = " + ".join(
                f"POWER({flushed(f'{a} - {b}')}, 2)" for a, b in zip(point, corner, strict=True)
            )
            along, back = dot(point, cross(normal, corner)), dot(point, cross(normal, end))
            either.append(f"{apart} {comparison} {chord}")
            either.append(
                f"(ABS{dot(point, normal)} {comparison} {sine} AND {along} >= 0 AND {back} <= 0)"
            )
        return "(" + " OR ".join(either) + ")"

    def crosses(self, other: Sides) -> str:
        """Return the condition that some side crosses some side of another outline."""
        ends, other_ends = ([*sides.corners[1:], sides.corners[0]] for sides in (self, other))
        either = []
        for a, b, n in zip(self.corners, ends, self.normals, strict=True):
            for c, d, m in zip(other.corners, other_ends, other.normals, strict=True):
                starts, stops = f"({dot(n, c)} > 0)", f"({dot(n, d)} > 0)"
                ours, our_end = f"({dot(m, a)} > 0)", f"({dot(m, b)} > 0)"
                either.append(
                    f"({starts} <> {stops} AND {ours} <> {our_end} AND {starts} <> {ours})"
                )
        return "(" + " OR ".join(either) + ")"


def sides_of(shape: Polygon | Box, steps: Steps) -> Sides:
    """Return the outline of a polygon or a box, whose steps are added to some.

    An outline of columns must lie within half of the sky: its outside is taken where it is
    farthest from the middle of its corners.
    """
    if shape.constant is not None:
        return _constant_sides(shape.constant)
    corners = (
        [steps.position(vertex) for vertex in shape.vertices]
        if isinstance(shape, Polygon)
        else _box_corners(shape, steps)
    )
    step = 0 if isinstance(shape, Polygon) else 2
    ends = [*corners[1:], corners[0]]
    away = steps.vector(
        step + 1, (f"-({' + '.join(parts)})" for parts in zip(*corners, strict=True))
    )
    normals = [
        steps.vector(step + 1, cross(one, other)) for one, other in zip(corners, ends, strict=True)
    ]
    lengths = [steps.name(step + 2, f"NULLIF(SQRT({dot(n, n)}), 0)") for n in normals]
    turns = [steps.vector(step + 2, cross(away, corner)) for corner in corners]
    eastward = [f"{dot(normal, away)} > 0" for normal in normals]
    units = [
        steps.vector(step + 3, (f"{part} / {length}" for part in normal))
        for normal, length in zip(normals, lengths, strict=True)
    ]
    return Sides(corners, units, turns, eastward, reference_inside=False)


def _constant_sides(outline: Outline) -> Sides:
    eastward = outline.normals @ outline.reference > 0
    return Sides(
        [_numbers(corner) for corner in outline.corners],
        [_numbers(normal) for normal in outline.normals],
        [_numbers(turn) for turn in np.cross(outline.reference, outline.corners)],
        ["TRUE" if east else "FALSE" for east in eastward],
        outline.reference_inside,
    )


def _box_corners(box: Box, steps: Steps) -> list[Vector]:
    lon, lat = box.centre.lon_text, box.centre.lat_text
    middle = steps.position(box.centre)
    east = steps.vector(0, (f"-SIND({lon})", f"COSD({lon})", "0.0"))
    north = steps.vector(
        0, (f"-SIND({lat}) * COSD({lon})", f"-SIND({lat}) * SIND({lon})", f"COSD({lat})")
    )
    half = {}
    for name, size in (("width", box.width), ("height", box.height)):
        text = double(size)
        inside = (
            text
            if number(size) is not None
            else f"CASE WHEN {text} > 0 AND {text} < 180 THEN {text} END"
        )
        half[name] = steps.name(0, f"SIND({inside} / 2)"), steps.name(0, f"COSD({inside} / 2)")
    (sw, cw), (sh, ch) = half["width"], half["height"]
    corners = []
    for x, y in (("-", "-"), ("+", "-"), ("+", "+"), ("-", "+")):
        parts = (
            flushed(f"{cw} * {ch} * {m} {x} {sw} * {ch} * {e} {y} {cw} * {sh} * {n}")
            for m, e, n in zip(middle, east, north, strict=True)
        )
        long = steps.vector(1, parts)
        corners.append(
            steps.vector(2, (f"{part} / NULLIF(SQRT({dot(long, long)}), 0)" for part in long))
        )
    return corners
