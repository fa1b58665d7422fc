"""Positions from the names of 2MASS: 2Mhhmmssss+ddmmsss is a right ascension and a declination."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

_NAME = (
    r"^(?:2M|AP|J|2MASS J)?(?P<h>[0-2][0-9])(?P<m>[0-5][0-9])(?P<s>[0-5][0-9][0-9]{2})"
    r"(?P<sign>[+-])(?P<d>[0-9]{2})(?P<am>[0-5][0-9])(?P<as>[0-5][0-9][0-9])$"
)


def right_ascension(names: pa.Array) -> pa.Array:
    """Return right ascensions in degrees, to 0.15 arcsec; null where a name is no such name.

    Examples
    --------
    >>> right_ascension(pa.array(["2M12000000-0030000", "VESTA"])).to_pylist()
    [180.0, None]
    """
    parts = pc.extract_regex(names, _NAME)
    hours = _sum(parts, ("h", 1.0), ("m", 1 / 60), ("s", 1 / 360_000))
    return pc.multiply(hours, 15.0)


def declination(names: pa.Array) -> pa.Array:
    """Return declinations in degrees, to 0.1 arcsec; null where a name is no such name.

    Examples
    --------
    >>> declination(pa.array(["2M12000000-0030000"])).to_pylist()
    [-0.5]
    """
    parts = pc.extract_regex(names, _NAME)
    degrees = _sum(parts, ("d", 1.0), ("am", 1 / 60), ("as", 1 / 36_000))
    south = pc.equal(pc.struct_field(parts, "sign"), "-")
    return pc.if_else(south, pc.negate(degrees), degrees)


def _sum(parts: pa.Array, *weighted: tuple[str, float]) -> pa.Array:
    total = None
    for name, weight in weighted:
        value = pc.multiply(pc.struct_field(parts, name).cast(pa.float64()), weight)
        total = value if total is None else pc.add(total, value)
    return total
