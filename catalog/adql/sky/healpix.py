"""HEALPix cells of positions, and positions of cells, in plain SQL (the nested scheme).

The formulas are those of Górski et al. 2005 (ApJ 622, 759): a position has a base cell (0 to 11)
and coordinates x (to the north-east) and y (to the north-west) from 0 to 1 in it. A nested cell's
number holds the base cell, then the bits of x and y in turns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp

from starledger.catalog.adql.sky.errors import SkyError
from starledger.catalog.adql.sky.expressions import (
    layered,
    number,
    text_of,
    written,
)
from starledger.catalog.adql.sky.shapes import Point
from starledger.schema.sky import ORDER

SPREADING = (
    (16, 0x0000FFFF0000FFFF),
    (8, 0x00FF00FF00FF00FF),
    (4, 0x0F0F0F0F0F0F0F0F),
    (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)
"""The shifts and masks that put a 0 before each bit of a number."""

GATHERING = (
    (1, 0x3333333333333333),
    (2, 0x0F0F0F0F0F0F0F0F),
    (4, 0x00FF00FF00FF00FF),
    (8, 0x0000FFFF0000FFFF),
    (16, 0x00000000FFFFFFFF),
)
"""The shifts and masks that take them away."""

EVERY_OTHER = 0x5555555555555555
"""The bits that stay."""


def healpix_index(order: exp.Expression, point: Point) -> exp.Expression:
    """Return the nested cell of a position.

    Parameters
    ----------
    order
        The order, 0 to 29; NULL comes of a row that has another.
    point
        The position.

    Raises
    ------
    SkyError
        If the order is constant and none.
    """
    layers = [*in_base_cell(point, {"k": _order(order)}), *_whole_places(), *spread("x", "y")]
    answer = "(face << (2 * k)) | x_spread | (y_spread << 1)"
    return written(layered(layers, answer), order, *point.parts)


def healpix_center(order: exp.Expression, index: exp.Expression) -> Point:
    """Return the centre of a nested cell.

    Parameters
    ----------
    order
        The order, 0 to 29; NULL comes of a row that has another.
    index
        The cell; NULL comes of one that is not there.

    Raises
    ------
    SkyError
        If the order is constant and none.
    """
    layers = _centre_layers(_order(order), f"CAST({text_of(index)} AS BIGINT)")
    lon = "CAST(45 AS DOUBLE PRECISION) * CASE WHEN turn < 0 THEN turn + 8 * ring ELSE turn END / ring"
    lat = "side * ATAN2D(1 - rest, SQRT(rest * (2 - rest)))"
    return Point(
        written(layered(layers, lon), order, index), written(layered(layers, lat), order, index)
    )


def _order(order: exp.Expression) -> str:
    known = number(order)
    if known is None:
        text = text_of(order)
        return f"CASE WHEN {text} BETWEEN 0 AND {ORDER} THEN CAST({text} AS INTEGER) END"
    if known != int(known) or not 0 <= known <= ORDER:
        raise SkyError(f"HEALPix has no order {known:g}.", remedy=f"Give one from 0 to {ORDER}.")
    return f"{int(known)}"


def in_base_cell(point: Point, more: Mapping[str, str]) -> list[Mapping[str, str]]:
    """Return the steps to a position's base cell `face` and its place `fx`, `fy` in it, 0 to 1.

    Parameters
    ----------
    point
        The position.
    more
        Other values of its row that later steps need.
    """
    turns = (
        "CASE WHEN lon >= 0 AND lon < 360 THEN lon WHEN lon < 0 AND lon >= -360 THEN lon + 360"
        " ELSE ATAN2D(-SIND(lon), -COSD(lon)) + 180 END / 90"
    )
    return [
        {"lon": point.lon_text, "lat": point.lat_text, **more},
        {
            "t": turns,
            "z": "SIND(lat)",
            # The cosine keeps the digits near the poles that 1 - |z| loses.
            "polar": "COSD(lat) * SQRT(3 / (1 + ABS(SIND(lat))))",
        },
        {
            "a": "0.5 + t - 0.75 * z",
            "b": "0.5 + t + 0.75 * z",
            "quarter": "CASE WHEN t < 4 THEN FLOOR(t) WHEN t >= 4 THEN 3 END",
            "belt": "3 * ABS(z) <= 2",
        },
        {
            "fa": "CAST(FLOOR(a) AS BIGINT)",
            "fb": "CAST(FLOOR(b) AS BIGINT)",
            "before": "polar * (t - quarter)",
            "after": "polar * (1 + quarter - t)",
        },
        {
            "face": "CASE WHEN belt THEN CASE WHEN fa = fb THEN (fa & 3) + 4 WHEN fa < fb THEN fa & 3"
            " ELSE (fb & 3) + 8 END WHEN z > 0 THEN CAST(quarter AS BIGINT)"
            " WHEN z < 0 THEN CAST(quarter AS BIGINT) + 8 END",
            "fx": "CASE WHEN belt THEN b - fb WHEN z > 0 THEN 1 - after ELSE before END",
            "fy": "CASE WHEN belt THEN 1 - (a - fa) WHEN z > 0 THEN 1 - before ELSE after END",
        },
    ]


def _whole_places() -> list[Mapping[str, str]]:
    last = "(CAST(1 AS BIGINT) << k) - 1"
    return [
        {"last": last},
        {
            "x": "LEAST(CAST(FLOOR(fx * (last + 1)) AS BIGINT), last)",
            "y": "LEAST(CAST(FLOOR(fy * (last + 1)) AS BIGINT), last)",
        },
    ]


def spread(*names: str) -> list[Mapping[str, str]]:
    """Return the steps from whole numbers to `…_spread`, with a 0 before each of their bits."""
    return _bits(names, lambda now, shift: f"({now} | ({now} << {shift}))", SPREADING, "spread")


def _bits(
    names: tuple[str, ...],
    combined: Callable[[str, int], str],
    steps: Sequence[tuple[int, int]],
    ending: str,
) -> list[Mapping[str, str]]:
    layers: list[Mapping[str, str]] = []
    now = {name: name for name in names}
    for place, (shift, mask) in enumerate(steps):
        final = place == len(steps) - 1
        after = {name: f"{name}_{ending}" if final else f"{name}_{shift}" for name in names}
        layers.append({after[n]: f"{combined(now[n], shift)} & {mask}" for n in names})
        now = after
    return layers


def _centre_layers(order: str, index: str) -> list[Mapping[str, str]]:
    return [
        {"k": order, "number": index},
        {"n": "CAST(1 AS BIGINT) << k"},
        {"cell": "CASE WHEN number >= 0 AND number < 12 * n * n THEN number END"},
        {
            "face": "cell >> (2 * k)",
            "x": f"cell & (n * n - 1) & {EVERY_OTHER}",
            "y": f"(cell & (n * n - 1)) >> 1 & {EVERY_OTHER}",
        },
        *_bits(
            ("x", "y"), lambda now, shift: f"({now} | ({now} >> {shift}))", GATHERING, "gathered"
        ),
        {"down": "(2 + (face >> 2)) * n - x_gathered - y_gathered - 1"},
        {
            "ring": "CASE WHEN down < n THEN down WHEN down > 3 * n THEN 4 * n - down ELSE n END",
        },
        {
            "turn": "(2 * (face & 3) + CASE WHEN face BETWEEN 4 AND 7 THEN 0 ELSE 1 END) * ring"
            " + x_gathered - y_gathered",
            "side": "CASE WHEN down <= 2 * n THEN 1 ELSE -1 END",
            # 1 - |z|, which is tiny near the poles.
            "rest": "CASE WHEN ring < n THEN POWER(ring / CAST(n AS DOUBLE PRECISION), 2) / 3"
            " ELSE 1 - 2 * ABS(2 * n - down) / CAST(3 * n AS DOUBLE PRECISION) END",
        },
    ]
