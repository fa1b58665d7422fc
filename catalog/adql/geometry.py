"""Shapes on the sky and what is asked of them; their SQL is made in `sky`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp

from starledger.catalog.adql.scopes import Scope
from starledger.catalog.adql.sky.containing import contains
from starledger.catalog.adql.sky.errors import SkyError
from starledger.catalog.adql.sky.healpix import healpix_center, healpix_index
from starledger.catalog.adql.sky.intersecting import intersects
from starledger.catalog.adql.sky.measuring import area, centroid, coord1, coord2
from starledger.catalog.adql.sky.motion import epoch_prop_pos
from starledger.catalog.adql.sky.separation import as_close, as_integer, closer, distance
from starledger.catalog.adql.sky.shapes import Box, Circle, Point, Polygon, Shape
from starledger.catalog.adql.values import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    INTEGER,
    INTEGERS,
    NULL,
    NUMBERS,
    TEXT,
    Value,
    about,
    cast,
    double,
    made_of,
)

ARRAY = "double precision[]"
"""How shapes are given out: as DALI writes points, circles and polygons."""

FRAMES = {"", "ICRS", "ICRS BARYCENTER", "ICRS GEOCENTER", "ICRS TOPOCENTER", "UNKNOWNFRAME"}

_MIRRORED = {
    exp.EQ: exp.EQ, exp.NEQ: exp.NEQ, exp.LT: exp.GT, exp.GT: exp.LT, exp.LTE: exp.GTE,
    exp.GTE: exp.LTE,
}  # fmt: skip
_TRUE = {(exp.EQ, 1), (exp.NEQ, 0), (exp.GT, 0), (exp.GTE, 1)}
_FALSE = {(exp.EQ, 0), (exp.NEQ, 1), (exp.LT, 1), (exp.LTE, 0)}

Arguments = list[exp.Expression]


def compared(node: exp.Expression, scope: Scope, select: exp.Select | None) -> Value | None:
    """Translate a comparison with CONTAINS, INTERSECTS or DISTANCE, or return None for others."""
    kind: Any = type(node)
    one, other = node.this.unnest(), node.args["expression"].unnest()
    if _function(one) is None:
        one, other, kind = other, one, _MIRRORED[kind]
    name = _function(one)
    if name is None:
        return None
    if name == "DISTANCE":
        return _near(one, other, kind, scope, select)
    asked = _zero_or_one(other)
    if (kind, asked) in _TRUE:
        return _test(name, one, scope, select)
    if (kind, asked) in _FALSE:
        found = _test(name, one, scope, None)
        return made_of([found], exp.Not(this=exp.Paren(this=found.sql)), BOOLEAN, predicate=True)
    return None


def _function(node: exp.Expression) -> str | None:
    if not isinstance(node, exp.Anonymous) or not isinstance(node.this, str):
        return None
    name = node.this.upper()
    return name if name in {"CONTAINS", "INTERSECTS", "DISTANCE"} else None


def _zero_or_one(node: exp.Expression) -> int | None:
    if isinstance(node, exp.Literal) and not node.is_string and node.this in {"0", "1"}:
        return int(node.this)
    return None


def _near(
    node: exp.Expression, other: exp.Expression, kind: Any, scope: Scope, select: exp.Select | None
) -> Value | None:
    test = {exp.LT: closer, exp.LTE: as_close}.get(kind)
    if test is None:
        return None
    parts = _two_points(node, scope)
    limit = number(other, scope)
    one, far = (part.shape for part in parts)
    sql = on_sky(node, scope, test, one, far, limit.sql, select)
    return made_of([*parts, limit], sql, BOOLEAN, predicate=True)


def _test(name: str, node: exp.Expression, scope: Scope, select: exp.Select | None) -> Value:
    expect(node, scope, 2)
    one, other = (shape(argument, scope) for argument in node.expressions)
    test = contains if name == "CONTAINS" else intersects
    sql = on_sky(node, scope, test, one.shape, other.shape, select)
    return made_of([one, other], sql, BOOLEAN, predicate=True)


def on_sky(node: exp.Expression, scope: Scope, make: Callable[..., Any], *given: Any) -> Any:
    """Call a function of `sky`, whose errors become ones about a part of the query."""
    try:
        return make(*given)
    except SkyError as error:
        scope.refuse(node, error.what, error.remedy)


def expect(node: exp.Expression, scope: Scope, *counts: int) -> None:
    """Refuse a call whose number of arguments is none of some."""
    if len(node.expressions) not in counts:
        wanted = " or ".join(map(str, counts))
        scope.refuse(node, f"{str(node.this).upper()} takes {wanted} arguments,"
                     f" not {len(node.expressions)}.")  # fmt: skip


def number(node: exp.Expression, scope: Scope) -> Value:
    """Translate what must be a number."""
    found = scope.plain(node)
    if found.type not in (*NUMBERS, NULL):
        scope.refuse(node, f"This is {found.type}, not a number.", "CAST it.")
    return found


def whole(node: exp.Expression, scope: Scope) -> Value:
    """Translate what must be a whole number."""
    found = number(node, scope)
    if found.type not in (*INTEGERS, NULL):
        scope.refuse(node, f"This is {found.type}, not a whole number.", "CAST it AS BIGINT.")
    return found


def shape(node: exp.Expression, scope: Scope) -> Value:
    """Translate what must be a shape on the sky."""
    found = scope.value(node)
    if found.shape is None:
        scope.refuse(node, "This is no shape on the sky.",
                     "Write POINT, CIRCLE, BOX or POLYGON.")  # fmt: skip
    return found


def _a_point(node: exp.Expression, scope: Scope) -> Value:
    found = shape(node, scope)
    if not isinstance(found.shape, Point):
        scope.refuse(node, "This is no POINT.", "Write POINT(ra, dec).")
    return found


def _without_frame(node: exp.Expression, scope: Scope) -> Arguments:
    """Return the arguments without the deprecated name of a coordinate system."""
    arguments: Arguments = list(node.expressions)
    first = arguments[0] if arguments else None
    if not isinstance(first, exp.Literal) or not first.is_string:
        return arguments
    if first.this.strip().upper() not in FRAMES:
        scope.refuse(first, f"Positions are ICRS, not {first.this[:40]!r}.", "Leave the frame out.")
    return arguments[1:]


def _position(arguments: Arguments, node: exp.Expression, scope: Scope) -> Value:
    """Return the point that one or two arguments are."""
    if len(arguments) == 1:
        return _a_point(arguments[0], scope)
    lon, lat = (number(one, scope) for one in arguments)
    healpix, rows = _indexed(lon, lat)
    made = on_sky(node, scope, Point, double(lon), double(lat), healpix, rows)
    return _as_value([lon, lat], made)


def _indexed(lon: Value, lat: Value) -> tuple[exp.Expression | None, int | None]:
    """Return the column of HEALPix cells of two columns, if they are the position of a table."""
    if lon.column is None or lat.column is None or lon.column.item is not lat.column.item:
        return None, None
    item, source = lon.column.item, lon.column.origin
    if item is None or source is None or source[1] != "ra":
        return None, None
    if lat.column.origin != (source[0], "dec"):
        return None, None
    for column in item.columns:
        if column.origin == (source[0], "healpix"):
            return column.sql, item.rows
    return None, None


def _as_value(parts: Sequence[Value], made: Shape) -> Value:
    described = about("deg", "pos.eq" if isinstance(made, Point) else "", "shape on the sky (ICRS)")
    return made_of(parts, exp.Null(), ARRAY, shape=made, about=described)


def point(node: exp.Expression, scope: Scope) -> Value:
    """Translate POINT."""
    arguments = _without_frame(node, scope)
    if len(arguments) != 2:
        scope.refuse(node, "POINT takes a right ascension and a declination.", "Give both.")
    return _position(arguments, node, scope)


def circle(node: exp.Expression, scope: Scope) -> Value:
    """Translate CIRCLE."""
    arguments = _without_frame(node, scope)
    if len(arguments) not in {2, 3}:
        scope.refuse(node, "CIRCLE takes a centre and a radius.", "Write CIRCLE(ra, dec, radius).")
    centre = _position(arguments[:-1], node, scope)
    radius = number(arguments[-1], scope)
    made = on_sky(node, scope, Circle, centre.shape, double(radius))
    return _as_value([centre, radius], made)


def box(node: exp.Expression, scope: Scope) -> Value:
    """Translate BOX."""
    arguments = _without_frame(node, scope)
    if len(arguments) not in {3, 4}:
        scope.refuse(node, "BOX takes a centre, a width and a height.",
                     "Write BOX(ra, dec, width, height).")  # fmt: skip
    centre = _position(arguments[:-2], node, scope)
    sides = [number(one, scope) for one in arguments[-2:]]
    made = on_sky(node, scope, Box, centre.shape, *(double(one) for one in sides))
    return _as_value([centre, *sides], made)


def polygon(node: exp.Expression, scope: Scope) -> Value:
    """Translate POLYGON."""
    arguments = _without_frame(node, scope)
    values = [scope.value(one) for one in arguments]
    if values and all(value.shape is not None for value in values):
        corners = [_a_point(one, scope) for one in arguments]
    else:
        if len(arguments) % 2:
            scope.refuse(node, "POLYGON has a right ascension without a declination.",
                         "Give pairs of them.")  # fmt: skip
        pairs = zip(arguments[::2], arguments[1::2], strict=True)
        corners = [_position(list(pair), node, scope) for pair in pairs]
    made = on_sky(node, scope, Polygon, tuple(one.shape for one in corners))
    return _as_value(corners, made)


def the_centroid(node: exp.Expression, scope: Scope) -> Value:
    """Translate CENTROID."""
    expect(node, scope, 1)
    found = shape(node.expressions[0], scope)
    return _as_value([found], on_sky(node, scope, centroid, found.shape))


def test_as_number(node: exp.Expression, scope: Scope) -> Value:
    """Translate CONTAINS and INTERSECTS where they are values: 1, 0 or NULL."""
    found = _test(node.this.upper(), node, scope, None)
    sql = cast(as_integer(found.sql), INTEGER)
    return made_of([found], sql, INTEGER, name=node.this.lower())


def the_distance(node: exp.Expression, scope: Scope) -> Value:
    """Translate DISTANCE, in degrees."""
    parts = _two_points(node, scope)
    sql = on_sky(node, scope, distance, *(part.shape for part in parts))
    described = about("deg", "pos.angDistance", "distance on the sky")
    return made_of(parts, sql, DOUBLE, about=described, name="distance")


def _two_points(node: exp.Expression, scope: Scope) -> list[Value]:
    expect(node, scope, 2, 4)
    arguments = node.expressions
    if len(arguments) == 2:
        return [_a_point(one, scope) for one in arguments]
    return [_position(arguments[:2], node, scope), _position(arguments[2:], node, scope)]


def the_area(node: exp.Expression, scope: Scope) -> Value:
    """Translate AREA, in square degrees."""
    expect(node, scope, 1)
    found = shape(node.expressions[0], scope)
    sql = on_sky(node, scope, area, found.shape)
    described = about("deg**2", "phys.angArea", "area on the sky")
    return made_of([found], sql, DOUBLE, about=described, name="area")


def coordinate(node: exp.Expression, scope: Scope) -> Value:
    """Translate COORD1 and COORD2, in degrees."""
    expect(node, scope, 1)
    found = _a_point(node.expressions[0], scope)
    first = node.this.upper() == "COORD1"
    sql = on_sky(node, scope, coord1 if first else coord2, found.shape)
    described = about("deg", "pos.eq.ra" if first else "pos.eq.dec", "coordinate of a point (ICRS)")
    return made_of([found], cast(sql, DOUBLE), DOUBLE, about=described, name=node.this.lower())


def frame(node: exp.Expression, scope: Scope) -> Value:
    """Translate COORDSYS, which is ICRS here."""
    expect(node, scope, 1)
    found = shape(node.expressions[0], scope)
    return made_of([found], exp.Literal.string("ICRS"), TEXT, constant="ICRS", name="coordsys")


def cell(node: exp.Expression, scope: Scope) -> Value:
    """Translate ivo_healpix_index: the nested cell of a position."""
    expect(node, scope, 2, 3)
    order = whole(node.expressions[0], scope)
    at = _position(list(node.expressions[1:]), node, scope)
    sql = on_sky(node, scope, healpix_index, order.sql, at.shape)
    described = about("dimensionless", "pos.healpix", "nested HEALPix cell")
    return made_of([order, at], cast(sql, BIGINT), BIGINT, about=described, name="healpix")


def centre_of_cell(node: exp.Expression, scope: Scope) -> Value:
    """Translate ivo_healpix_center."""
    expect(node, scope, 2)
    parts = [whole(one, scope) for one in node.expressions]
    made = on_sky(node, scope, healpix_center, *(part.sql for part in parts))
    return _as_value(parts, made)


def moved(node: exp.Expression, scope: Scope) -> Value:
    """Translate ivo_epoch_prop_pos: a position at another epoch."""
    expect(node, scope, 8)
    parts = [number(one, scope) for one in node.expressions]
    for one, part in zip(node.expressions, parts, strict=True):
        if part.type == NULL and one in (*node.expressions[:2], *node.expressions[6:]):
            scope.refuse(one, "Positions and epochs must be known.", "Give a number.", word="NULL")
    at = _position(list(node.expressions[:2]), node, scope)
    motion = [None if part.type == NULL else double(part) for part in parts[2:]]
    zero = exp.Literal.number(0)
    parallax, pmra, pmdec, velocity, ref_epoch, out_epoch = motion
    made = on_sky(node, scope, epoch_prop_pos, at.shape, parallax, pmra or zero.copy(),
                  pmdec or zero, velocity, ref_epoch, out_epoch)  # fmt: skip
    return _as_value(parts, made)


def region(node: exp.Expression, scope: Scope) -> Value:
    """Refuse REGION, whose texts each service reads in its own way."""
    scope.refuse(node, "REGION is deprecated, and not supported.",
                 "Write POINT, CIRCLE, BOX or POLYGON.")  # fmt: skip


def as_array(value: Value, node: exp.Expression, scope: Scope) -> exp.Expression:
    """Return a shape as the array that is given out."""
    if value.column is not None:
        sql: exp.Expression = value.column.sql
        return sql
    made = value.shape
    if isinstance(made, Point):
        numbers = [made.lon, made.lat]
    elif isinstance(made, Circle):
        numbers = [made.centre.lon, made.centre.lat, made.radius]
    elif isinstance(made, Polygon):
        numbers = [one for corner in made.vertices for one in (corner.lon, corner.lat)]
    else:
        scope.refuse(node, "A BOX cannot be given out.", "Write a POLYGON, or its numbers.")
    return exp.Array(expressions=[cast(one.copy(), DOUBLE) for one in numbers])


def from_array(made: Shape) -> Callable[[exp.Expression], Shape]:
    """Return what makes the shape again of the array that `as_array` makes of one like it."""

    def at(sql: exp.Expression, place: int) -> exp.Expression:
        return exp.Bracket(this=sql.copy(), expressions=[exp.Literal.number(place)], offset=1)

    def a_point(sql: exp.Expression, place: int = 1) -> Point:
        return Point(at(sql, place), at(sql, place + 1))

    if isinstance(made, Point):
        return a_point
    if isinstance(made, Circle):
        return lambda sql: Circle(a_point(sql), at(sql, 3))
    corners = len(made.vertices) if isinstance(made, Polygon) else 0
    return lambda sql: Polygon(tuple(a_point(sql, 2 * place + 1) for place in range(corners)))
