"""Crossmatch joins: for each row of one table, the few HEALPix ranges of the other's neighbours.

The cells are so large (about 4 to 9 radii) that a circle touches at most four of one order: those
of the corners of a square around it in the coordinates of its base cell. A square that leaves its
base cell goes on in the neighbouring one, turned as that one lies.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from starledger.catalog.adql.sky.expressions import (
    columns_of,
    double,
    finite,
    layered,
    number,
    text_of,
    written,
)
from starledger.catalog.adql.sky.healpix import in_base_cell, spread
from starledger.catalog.adql.sky.shapes import Point
from starledger.schema.sky import ORDER

ACROSS = 1.6
"""More than a base cell's coordinate changes over a radian, of either coordinate, anywhere."""

ROUNDING = 1e-12
"""More than rounding changes a base cell's coordinate."""

WIDEST = 10.0
"""The largest radius in degrees whose circles touch four base cells at most."""

WHOLE_SKY = (12 << 2 * ORDER) - 1
"""The last cell of order 29."""

NEIGHBOUR = (
    (8, 9, 10, 11, -1, -1, -1, -1, 10, 11, 8, 9),
    (5, 6, 7, 4, 8, 9, 10, 11, 9, 10, 11, 8),
    (-1, -1, -1, -1, 5, 6, 7, 4, -1, -1, -1, -1),
    (4, 5, 6, 7, 11, 8, 9, 10, 11, 8, 9, 10),
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
    (1, 2, 3, 0, 0, 1, 2, 3, 5, 6, 7, 4),
    (-1, -1, -1, -1, 7, 4, 5, 6, -1, -1, -1, -1),
    (3, 0, 1, 2, 3, 0, 1, 2, 4, 5, 6, 7),
    (2, 3, 0, 1, -1, -1, -1, -1, 0, 1, 2, 3),
)
"""The base cells beyond the sides and corners of each, by 3 × (y − 1) + (x − 1) from S to N; -1
where only three meet (Górski et al. 2005, figure 4)."""

TURN = (
    (0, 0, 3), (0, 0, 6), (0, 0, 0), (0, 0, 5), (0, 0, 0), (5, 0, 0), (0, 0, 0), (6, 0, 0), (3, 0, 0)
)  # fmt: skip
"""How they lie, by row of base cells: 1 turns x round, 2 turns y round, then 4 exchanges both."""

N_CORNERS = 4
"""A square has so many."""

SAID = 5
"""How often a range is said: each time the planner, who cannot know how few rows are in ranges of
another table, takes a ninth of what it took before; the search itself drops what is said twice."""

NEAR = "near"
"""Marks our lateral items."""


@dataclass(frozen=True)
class _Pair:
    """A star whose column is searched, and the centre around which."""

    star: Point
    centre: Point
    item: exp.Expression


def nearby(one: Point, other: Point, limit: exp.Expression, select: exp.Select) -> str | None:
    """Return the condition that one position's cell is among those near the other, if it can be.

    The other's table gets a lateral item beside it that works out the ranges: always one row for
    each row, so that every kind of join stays what it was.

    Parameters
    ----------
    one, other
        The positions, of which one at least must have a HEALPix column.
    limit
        How near, in degrees: a constant, or of the other's table.
    select
        The query whose FROM has the other's table.
    """
    known = number(limit)
    if known is not None and not 0 <= known <= WIDEST:
        return None
    pairs = [
        pair
        for star, centre in ((one, other), (other, one))
        if (pair := _pair(star, centre, limit, select)) is not None
    ]
    if not pairs:
        return None
    best = max(pairs, key=lambda pair: (not _kept(pair, select), pair.star.rows or 0))
    name = f"_near_{1 + sum(NEAR in node.meta for node in select.find_all(exp.Var))}"
    lateral = written(f"LATERAL {_ranges(best.centre, limit)} AS {name}", *best.centre.parts, limit)
    lateral.meta[NEAR] = True
    _put_beside(best.item, lateral)
    cell, lat = text_of(best.star.healpix or exp.null()), text_of(best.star.lat)
    ranges = " OR ".join(
        " AND ".join([f"{cell} BETWEEN {name}.first_{place} AND {name}.last_{place}"] * SAID)
        for place in range(N_CORNERS)
    )
    # The declinations are quicker to test than the distance, for those in far parts of a cell.
    return f"({ranges}) AND {lat} BETWEEN {name}.low AND {name}.high"


def _pair(star: Point, centre: Point, limit: exp.Expression, select: exp.Select) -> _Pair | None:
    if star.healpix is None:
        return None
    tables = {column.table for column in columns_of(*centre.parts, limit)}
    if len(tables) != 1 or tables & {column.table for column in columns_of(star.healpix)}:
        return None
    items = {item.alias_or_name: item for item in _items(select)}
    item = items.get(tables.pop())
    return None if item is None else _Pair(star, centre, item)


def _items(node: exp.Expression) -> Iterator[exp.Expression]:
    """Yield the tables and named sub-selects in a FROM, those in its brackets too."""
    first = node.args.get("from_") if isinstance(node, exp.Select) else None
    inner = first.this if first is not None else node.this
    if isinstance(node, exp.Subquery) and not node.alias and isinstance(inner, exp.Expression):
        yield from _items(inner)
    elif isinstance(node, exp.Select):
        if isinstance(inner, exp.Expression):
            yield from _items(inner)
    else:
        yield node
    for join in node.args.get("joins") or ():
        yield from _items(join.this)


def _kept(pair: _Pair, select: exp.Select) -> bool:
    """Whether an outer join keeps all rows of the star's table, which then must be read whole."""
    star = {column.table for column in columns_of(pair.star.healpix)}
    for join in select.args.get("joins") or ():
        names = {item.alias_or_name for item in _items(join.this)}
        if (join.side == "LEFT" and pair.item.alias_or_name in names) or (
            join.side == "RIGHT" and star & names
        ):
            return True
    return False


def _put_beside(item: exp.Expression, lateral: exp.Expression) -> None:
    join = exp.Join(this=lateral, kind="CROSS")
    if item.args.get("joins"):
        item.set("joins", [join, *item.args["joins"]])
        return
    brackets = exp.Subquery()
    item.replace(brackets)
    item.set("joins", [join])
    brackets.set("this", item)


def _ranges(centre: Point, limit: exp.Expression) -> str:
    """Return the sub-select of up to four ranges of cells near a position, and of declinations."""
    known = number(limit)
    radius = double(limit) if known is not None else finite(double(limit))
    reach = f"({math.radians(ACROSS)!r} * radius + {ROUNDING!r})"
    order = str(_order(known)) if known is not None else _order_text(reach)
    layers = [
        *in_base_cell(centre, {"radius": radius}),
        {"reach": reach, "k": order},
        {"last": "(CAST(1 AS BIGINT) << k) - 1", "shift": f"2 * ({ORDER} - k)"},
        {
            f"{axis}{place}": f"CAST(FLOOR((f{axis} {sign} reach) * (last + 1)) AS BIGINT)"
            for axis in "xy"
            for place, sign in enumerate("-+")
        },
        *_corners(),
        *spread(*(f"{axis}_in_{corner}" for axis in "xy" for corner in range(N_CORNERS))),
        {f"first_{corner}": _first(corner) for corner in range(N_CORNERS)},
    ]
    answer = [f"first_{corner}" for corner in range(N_CORNERS)]
    answer += [
        f"first_{corner} + (CAST(1 AS BIGINT) << shift) - 1 AS last_{corner}"
        for corner in range(1, N_CORNERS)
    ]
    answer += [
        f"CASE WHEN k >= 0 THEN first_0 + (CAST(1 AS BIGINT) << shift) - 1 ELSE {WHOLE_SKY} END"
        " AS last_0",
        "lat - radius - 1e-9 AS low",
        "lat + radius + 1e-9 AS high",
    ]
    return layered(layers, ", ".join(answer)).removesuffix(")") + " OFFSET 0)"


def _order(radius: float) -> int:
    reach = 2 * (math.radians(ACROSS) * radius + ROUNDING)
    return ORDER if reach * 2**ORDER <= 1 else math.floor(-math.log2(reach))


def _order_text(reach: str) -> str:
    """Return the order in SQL, -1 for circles too wide for any."""
    return (
        f"CASE WHEN {reach} * {2 ** (ORDER + 1)} <= 1 THEN {ORDER} WHEN radius <= {WIDEST}"
        f" THEN CAST(FLOOR(-LN(2 * {reach}) / LN(2.0)) AS INTEGER)"
        " WHEN radius IS NOT NULL THEN -1 END"
    )


def _corners() -> list[Mapping[str, str]]:
    """Return the steps to the base cell and the place in it of each corner of the square."""
    places = [(corner, corner & 1, corner >> 1) for corner in range(N_CORNERS)]
    beyond = {
        f"beyond_{corner}": f"4 + {_beyond(f'x{x}')} + 3 * {_beyond(f'y{y}')}"
        for corner, x, y in places
    }
    cells = ",".join(str(cell) if cell >= 0 else "NULL" for row in NEIGHBOUR for cell in row)
    turns = ",".join(str(turn) for row in TURN for turn in row)
    faces = {
        f"face_{corner}": f"CASE WHEN beyond_{corner} = 4 THEN face"
        f" ELSE (ARRAY[{cells}])[beyond_{corner} * 12 + face + 1] END"
        for corner, _x, _y in places
    }
    turned = {
        f"turn_{corner}": f"CASE WHEN beyond_{corner} = 4 THEN 0"
        f" ELSE (ARRAY[{turns}])[beyond_{corner} * 3 + (face >> 2) + 1] END"
        for corner, _x, _y in places
    }
    inside: dict[str, str] = {}
    for corner, x, y in places:
        across = f"(x{x} & last) # CASE WHEN turn_{corner} & 1 = 1 THEN last ELSE 0 END"
        up = f"(y{y} & last) # CASE WHEN turn_{corner} & 2 = 2 THEN last ELSE 0 END"
        swapped = f"CASE WHEN turn_{corner} & 4 = 4 THEN"
        inside[f"x_in_{corner}"] = f"{swapped} {up} ELSE {across} END"
        inside[f"y_in_{corner}"] = f"{swapped} {across} ELSE {up} END"
    return [beyond, {**faces, **turned}, inside]


def _beyond(coordinate: str) -> str:
    return f"CASE WHEN {coordinate} < 0 THEN -1 WHEN {coordinate} > last THEN 1 ELSE 0 END"


def _first(corner: int) -> str:
    """Return the first cell of order 29 near a corner; NULL, which costs no search, if had before."""
    cell = (
        f"((CAST(face_{corner} AS BIGINT) << (2 * k)) | x_in_{corner}_spread"
        f" | (y_in_{corner}_spread << 1)) << shift"
    )
    if corner == 0:
        return f"CASE WHEN k >= 0 THEN {cell} WHEN k < 0 THEN 0 END"
    new = " AND ".join(f"{axis}1 > {axis}0" for bit, axis in ((1, "x"), (2, "y")) if corner & bit)
    return f"CASE WHEN k >= 0 AND {new} THEN {cell} END"
