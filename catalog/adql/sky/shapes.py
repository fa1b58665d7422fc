"""The shapes of ADQL, checked where they are constant."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from starledger.catalog.adql.sky import spherical
from starledger.catalog.adql.sky.errors import SkyError
from starledger.catalog.adql.sky.expressions import columns_of, double, finite, flushed, number

MOST_DEGREES = 1e6
"""The largest size of a constant right ascension, whose turns are taken away."""


@dataclass(frozen=True, eq=False)
class Point:
    """A position on the sky (ICRS).

    Parameters
    ----------
    lon, lat
        Right ascension and declination, in degrees. A right ascension may lie outside 0 to 360.
    healpix
        The column `healpix` of the table whose columns `ra` and `dec` the position is, or None.
    rows
        About how many rows that table has, or None.
    """

    lon: exp.Expression
    lat: exp.Expression
    healpix: exp.Expression | None = None
    rows: int | None = None

    def __post_init__(self) -> None:
        lon, lat = number(self.lon), number(self.lat)
        if lat is not None and not abs(lat) <= 90:
            raise SkyError(
                f"The declination {lat:g} is beyond the poles.", remedy="Give one from -90 to 90."
            )
        if lon is not None and not abs(lon) <= MOST_DEGREES:
            raise SkyError(
                f"The right ascension {lon:g} is no angle.", remedy="Give one from 0 to 360."
            )

    @cached_property
    def constant(self) -> tuple[float, float] | None:
        """Its coordinates in degrees, if no row changes them."""
        lon, lat = number(self.lon), number(self.lat)
        return None if lon is None or lat is None else (lon % 360.0, float(lat))

    @property
    def lon_text(self) -> str:
        """The right ascension in SQL, as a double whose sine can be multiplied."""
        return self._text(self.lon)

    @property
    def lat_text(self) -> str:
        """The declination in SQL, as a double whose sine can be multiplied."""
        return self._text(self.lat)

    def _text(self, coordinate: exp.Expression) -> str:
        known = self.healpix is not None or number(coordinate) is not None
        return flushed(double(coordinate) if known else finite(double(coordinate)))

    @property
    def parts(self) -> tuple[exp.Expression, ...]:
        """The expressions that it is made of."""
        return (self.lon, self.lat)


@dataclass(frozen=True, eq=False)
class Circle:
    """A circle, its rim included.

    Parameters
    ----------
    centre
        Its centre.
    radius
        Its radius, in degrees. One of 180 or more is the whole sky.
    """

    centre: Point
    radius: exp.Expression

    def __post_init__(self) -> None:
        radius = number(self.radius)
        if radius is not None and not 0 <= radius < math.inf:
            raise SkyError(
                f"The radius {radius:g} of a circle is negative.", remedy="Give one from 0 to 180."
            )

    @cached_property
    def constant(self) -> tuple[float, float, float] | None:
        """Its centre and radius in degrees, if no row changes them."""
        radius = number(self.radius)
        if self.centre.constant is None or radius is None:
            return None
        return (*self.centre.constant, min(float(radius), 180.0))

    @property
    def radius_text(self) -> str:
        """The radius in SQL, as a double that has a sine."""
        text = double(self.radius)
        return text if number(self.radius) is not None else finite(text)

    @property
    def parts(self) -> tuple[exp.Expression, ...]:
        """The expressions that it is made of."""
        return (*self.centre.parts, self.radius)


@dataclass(frozen=True, eq=False)
class Polygon:
    """A polygon whose sides are great circles, each the short way.

    The vertices may go round either way: the inside is the smaller of the two sides, since ADQL
    leaves it open. A last vertex that repeats the first is left out.

    Parameters
    ----------
    vertices
        Its vertices, in order.
    """

    vertices: tuple[Point, ...]

    def __post_init__(self) -> None:
        if len(self.vertices) < 3:
            raise SkyError(
                f"A polygon has {len(self.vertices)} vertices.", remedy="Give three or more."
            )
        if self.constant is not None:
            self.constant.check()

    @cached_property
    def constant(self) -> spherical.Outline | None:
        """Its outline, if no row changes it."""
        known = [vertex.constant for vertex in self.vertices]
        places = [place for place in known if place is not None]
        if len(places) < len(known):
            return None
        return spherical.Outline(spherical.unit_vectors(*np.transpose(places)))

    @property
    def parts(self) -> tuple[exp.Expression, ...]:
        """The expressions that it is made of."""
        return tuple(part for vertex in self.vertices for part in vertex.parts)


@dataclass(frozen=True, eq=False)
class Box:
    """A box: a cross of two great circles, and great circles through its ends at right angles.

    Parameters
    ----------
    centre
        Its centre.
    width, height
        Its whole extent along right ascension (as an arc, not as a difference of right
        ascensions) and declination, in degrees, both under 180.
    """

    centre: Point
    width: exp.Expression
    height: exp.Expression

    def __post_init__(self) -> None:
        for name, size in (("width", number(self.width)), ("height", number(self.height))):
            if size is not None and not 0 < size < 180:
                raise SkyError(
                    f"The {name} {size:g} of a box is not between 0 and 180 degrees.",
                    remedy="Compare ra and dec themselves where a zone of the sky is meant.",
                )

    @cached_property
    def constant(self) -> spherical.Outline | None:
        """Its outline, if no row changes it."""
        width, height = number(self.width), number(self.height)
        if self.centre.constant is None or width is None or height is None:
            return None
        return spherical.Outline(_corners(*self.centre.constant, width, height))

    @property
    def parts(self) -> tuple[exp.Expression, ...]:
        """The expressions that it is made of."""
        return (*self.centre.parts, self.width, self.height)


Shape = Point | Circle | Box | Polygon


def _corners(lon: float, lat: float, width: float, height: float) -> NDArray[np.float64]:
    middle, east, north = spherical.frame(lon, lat)
    half_width, half_height = math.radians(width) / 2, math.radians(height) / 2
    corners = [
        math.cos(half_width) * math.cos(half_height) * middle
        + x * math.sin(half_width) * math.cos(half_height) * east
        + y * math.cos(half_width) * math.sin(half_height) * north
        for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    return spherical.normalised(np.array(corners))


def tables_of(shape: Shape) -> set[str]:
    """Return the tables whose columns a shape is made of."""
    return {column.table for column in columns_of(*shape.parts)}
