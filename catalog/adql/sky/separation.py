"""How far apart two positions are, and whether they are near each other."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.expressions.core import Expression

from starledger.catalog.adql.sky import cover, crossmatch
from starledger.catalog.adql.sky.expressions import (
    double,
    flushed,
    literal,
    number,
    text_of,
    written,
)
from starledger.catalog.adql.sky.shapes import Point

WHOLE = 180.0
"""No two positions are farther apart, in degrees."""


def distance(one: Point, other: Point) -> Expression:
    """Return the angle between two positions, in degrees.

    It is worked out from the cross and the dot product, and so right to rounding everywhere, for
    neighbours and for opposite points of the sky alike.

    Examples
    --------
    >>> a, b = (Point(exp.column("ra", name), exp.column("dec", name)) for name in "ab")
    >>> distance(a, b).sql("postgres")[:12]
    '(ATAN2D(SQRT'
    """
    lat, other_lat = one.lat_text, other.lat_text
    turn = flushed(f"{other.lon_text} - {one.lon_text}")
    sin, other_sin = f"SIND({lat})", f"SIND({other_lat})"
    cos, other_cos = f"COSD({lat})", f"COSD({other_lat})"
    east = flushed(f"{other_cos} * SIND({turn})")
    north = flushed(f"{cos} * {other_sin} - {sin} * {other_cos} * COSD({turn})")
    along = f"{sin} * {other_sin} + {cos} * {other_cos} * COSD({turn})"
    text = f"(ATAN2D(SQRT(POWER({east}, 2) + POWER({north}, 2)), {along}))"
    return written(text, *one.parts, *other.parts)


def closer(
    one: Point, other: Point, limit: Expression, select: exp.Select | None = None
) -> Expression:
    """Return the condition that two positions are less than a limit apart.

    Parameters
    ----------
    one, other
        The positions.
    limit
        The limit, in degrees.
    select
        The query whose condition it becomes, for a crossmatch; None gives the plain test.
    """
    test = f"{_half_angle(one, other)} < {_half_limit(limit)}"
    return _with_ranges(one, other, limit, test, select)


def as_close(
    one: Point, other: Point, limit: Expression, select: exp.Select | None = None
) -> Expression:
    """Return the condition that two positions are at most a limit apart; else as `closer`."""
    test = f"{_half_angle(one, other)} <= {_half_limit(limit)}"
    return _with_ranges(one, other, limit, test, select)


def as_integer(condition: Expression) -> Expression:
    """Return a condition as 1, 0 or NULL."""
    return written(f"CAST({text_of(condition)} AS INTEGER)", condition)


def _half_angle(one: Point, other: Point) -> str:
    """Return the squared sine of half the angle, which keeps the digits of small angles."""
    across = flushed(f"{one.lat_text} - {other.lat_text}")
    turn = flushed(f"{one.lon_text} - {other.lon_text}")
    return (
        f"POWER(SIND({across} / 2), 2)"
        f" + COSD({one.lat_text}) * COSD({other.lat_text}) * POWER(SIND({turn} / 2), 2)"
    )


def _half_limit(limit: Expression) -> str:
    known = number(limit)
    if known is not None:
        if known < 0:
            return literal(-1.0)
        return literal(2.0) if known >= WHOLE else f"POWER(SIND({flushed(literal(known))} / 2), 2)"
    text = double(limit)
    return (
        f"CASE WHEN {text} < 0 THEN -1 WHEN {text} < 180 THEN"
        f" POWER(SIND({flushed(text)} / 2), 2) WHEN {text} >= 180 THEN 2 END"
    )


def _with_ranges(
    one: Point, other: Point, limit: Expression, test: str, select: exp.Select | None
) -> Expression:
    used = (*one.parts, *other.parts, limit)
    near = _constant_ranges(one, other, limit)
    if near is None and select is not None:
        near = crossmatch.nearby(one, other, limit, select)
    return written(f"({near} AND {test})" if near else f"({test})", *used)


def _constant_ranges(one: Point, other: Point, limit: Expression) -> str | None:
    radius = number(limit)
    if radius is None:
        return None
    for star, centre in ((one, other), (other, one)):
        if star.healpix is not None and centre.constant is not None and 0 <= radius < WHOLE:
            return in_ranges(star.healpix, cover.circle_ranges(*centre.constant, radius))
    return None


def in_ranges(healpix: Expression, ranges: cover.Ranges) -> str:
    """Return the condition that a column lies in one of some ranges, ends included."""
    column = text_of(healpix)
    return "(" + " OR ".join(f"{column} BETWEEN {a} AND {b}" for a, b in ranges) + ")"
