"""Positions at other epochs: stars move straight and evenly through space."""

from __future__ import annotations

import math
from collections.abc import Mapping

from sqlglot.expressions.core import Expression

from starledger.catalog.adql.sky.expressions import double, finite, flushed, layered, written
from starledger.catalog.adql.sky.measuring import angles
from starledger.catalog.adql.sky.shapes import Point

RADIANS = math.radians(1 / 3.6e6)
"""In a milliarcsecond."""

ASTRONOMICAL_UNITS = 4.740470463533349
"""The speed in km/s of an astronomical unit in a Julian year."""

TOO_MUCH = "1e30"
"""No motion or epoch is larger; such a number has no square in PostgreSQL."""


def epoch_prop_pos(
    point: Point,
    parallax: Expression | None,
    pmra: Expression,
    pmdec: Expression,
    radial_velocity: Expression | None,
    ref_epoch: Expression,
    out_epoch: Expression,
) -> Point:
    """Return the position of a star at another epoch, as ``ivo_epoch_prop_pos`` does.

    A missing parallax, proper motion or radial velocity counts as 0; a missing position or epoch
    gives NULL.

    Parameters
    ----------
    point
        Its position at the reference epoch.
    parallax
        Its parallax, in mas.
    pmra, pmdec
        Its proper motion, in mas/yr; that in right ascension holds the cosine of the declination.
    radial_velocity
        Its radial velocity, in km/s.
    ref_epoch, out_epoch
        The epochs, in Julian years.
    """
    motions = {
        name: finite(double(value)) if value is not None else "CAST(0 AS DOUBLE PRECISION)"
        for name, value in (
            ("plx", parallax),
            ("pmra", pmra),
            ("pmdec", pmdec),
            ("rv", radial_velocity),
            ("start", ref_epoch),
            ("stop", out_epoch),
        )
    }
    layers = _layers({"lon": point.lon_text, "lat": point.lat_text, **motions})
    used = (*point.parts, parallax, pmra, pmdec, radial_velocity, ref_epoch, out_epoch)
    lon, lat = angles(("x", "y", "z"))
    return Point(written(layered(layers, lon), *used), written(layered(layers, lat), *used))


def _layers(given: Mapping[str, str]) -> list[Mapping[str, str]]:
    """Return the steps from the position and the motions to where the star is in space.

    Its distance at the reference epoch is the unit.
    """
    return [
        given,
        {
            "years": f"{_bounded('start')} * -1 + {_bounded('stop')}",
            "to_east": f"COALESCE({_bounded('pmra')}, 0) * {RADIANS!r}",
            "to_north": f"COALESCE({_bounded('pmdec')}, 0) * {RADIANS!r}",
            "away": f"COALESCE({_bounded('plx')} * {_bounded('rv')}, 0)"
            f" * {RADIANS / ASTRONOMICAL_UNITS!r}",
            **{
                f"{function.lower()}_{angle}": flushed(f"{function}D({angle})")
                for function in ("SIN", "COS")
                for angle in ("lon", "lat")
            },
        },
        {
            "far": "1 + away * years",
            "east": flushed("to_east * years"),
            "north": flushed("to_north * years"),
        },
        {
            "x": "far * cos_lat * cos_lon - east * sin_lon - north * sin_lat * cos_lon",
            "y": "far * cos_lat * sin_lon + east * cos_lon - north * sin_lat * sin_lon",
            "z": "far * sin_lat + north * cos_lat",
        },
    ]


def _bounded(name: str) -> str:
    return f"(CASE WHEN ABS({name}) < {TOO_MUCH} THEN {flushed(name)} END)"
