"""Landmarks of a star's life: lifetimes, luminosities and radii by mass and metallicity.

The main sequence follows the fitting formulae of Tout et al. (1996) and Hurley, Pols & Tout (2000),
whose coefficients stand in ``tracks.csv``. What comes after the base of the giant branch is
simplified: the luminosity of a giant follows its helium core (their equations 34 to 40 with one
power law), while the tip, the clump and its lifetime are round numbers after their figures.
Stars of 0.1 to 6 solar masses are covered; rotation and mass loss are left out.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

METALLICITY_RANGE = (-2.3, 0.18)
"""[M/H] between which the formulae are used; they are held constant outside."""

_CORE_POWER = 6.0
"""Power of the core mass in the luminosity of a giant with a degenerate core."""


class Landmarks(NamedTuple):
    """The corners of a star's track; ages in Gyr, luminosities and radii in solar units.

    Parameters
    ----------
    mass, m_h
        Mass in solar masses and [M/H] in dex, as they were given.
    zams_luminosity, zams_radius
        At age zero.
    turn_off_age, turn_off_luminosity, turn_off_radius
        At the end of the main sequence.
    base_age, base_luminosity
        At the base of the giant branch.
    tip_age, tip_luminosity
        At its tip, where helium ignites.
    clump_luminosity, end_age
        When helium begins to burn in the core, and the age when it is burnt.
    core_rate
        How fast a giant's core climbs, A_H D (p-1) in solar units per Gyr, and
    core_scale
        log10 of D: the luminosity of a core of one solar mass.
    """

    mass: Array
    m_h: Array
    zams_luminosity: Array
    zams_radius: Array
    turn_off_age: Array
    turn_off_luminosity: Array
    turn_off_radius: Array
    base_age: Array
    base_luminosity: Array
    tip_age: Array
    tip_luminosity: Array
    clump_luminosity: Array
    end_age: Array
    core_rate: Array
    core_scale: Array


@cache
def _coefficients() -> dict[str, tuple[float, ...]]:
    folder = files("starledger.compute.simulate.population")
    text = folder.joinpath("tracks.csv").read_text("utf-8")
    rows = csv.reader(line for line in text.splitlines() if not line.startswith("#"))
    next(rows)
    return {name: tuple(map(float, values)) for name, *values in rows}


def _at(name: str, zeta: Array) -> Array:
    """Evaluate one coefficient at the metallicities zeta = log10(Z/0.02)."""
    total = np.zeros_like(zeta)
    for value in reversed(_coefficients()[name]):
        total = total * zeta + value
    return total


def _zams(mass: Array, zeta: Array) -> tuple[Array, Array]:
    """Luminosity and radius at age zero (Tout et al. 1996, equations 1 and 2)."""
    lum = [_at(f"zams_l_{i}", zeta) for i in range(1, 8)]
    rad = [_at(f"zams_r_{i}", zeta) for i in range(1, 10)]
    m, root = mass, np.sqrt(mass)
    m3, m5, m8, m11 = m**3, m**5, m**8, m**11
    luminosity = (lum[0] * m5 * root + lum[1] * m11) / (
        lum[2] + m3 + lum[3] * m5 + lum[4] * m5 * m * m + lum[5] * m8 + lum[6] * m8 * m * root
    )
    high = m8 * m11
    radius = (
        rad[0] * m * m * root
        + rad[1] * m5 * m * root
        + rad[2] * m11
        + (rad[3] + rad[4] * root) * high
    ) / (rad[5] + rad[6] * m * m + rad[7] * m8 * root + (1 / root + rad[8] * root) * high)
    return luminosity, radius


def _base_age(mass: Array, zeta: Array) -> Array:
    """Age at the base of the giant branch in Gyr (Hurley et al. 2000, equation 4)."""
    m2, m4 = mass**2, mass**4
    m7 = m4 * m2 * mass
    above = _at("a1", zeta) + _at("a2", zeta) * m4 + _at("a3", zeta) * m4 * mass**1.5 + m7
    return above / (_at("a4", zeta) * m2 + _at("a5", zeta) * m7) / 1000.0


def _turn_off_fraction(mass: Array, zeta: Array) -> Array:
    """Share of the time to the giant branch that is main sequence (their equations 5 to 7)."""
    hook = np.maximum(
        _at("a6", zeta) / mass ** _at("a7", zeta),
        _at("a8", zeta) + _at("a9", zeta) / mass ** _at("a10", zeta),
    )
    least = np.clip(0.95 - 0.03 * (zeta + 0.30103), 0.95, 0.99)
    return np.maximum(np.maximum(0.5, 1.0 - 0.01 * hook), least)


def _turn_off_luminosity(mass: Array, zeta: Array) -> Array:
    """Luminosity at the end of the main sequence (their equation 8)."""
    a14, a16 = _at("a14", zeta), _at("a16", zeta)
    m3 = mass**3
    above = a14 * (_at("a11", zeta) * m3 + _at("a12", zeta) * m3 * mass)
    above += _at("a13", zeta) * mass ** (a16 + 1.8)
    return above / (a14 + _at("a15", zeta) * m3 * mass * mass + mass**a16)


def _turn_off_radius(mass: Array, zeta: Array, zams_radius: Array) -> Array:
    """Radius at the end of the main sequence (their equation 9)."""
    depth = zeta + np.log10(0.02)
    split = 10 ** np.maximum(
        0.097 - 0.1072 * (depth + 3), np.clip(0.1461 + 0.1237 * (depth + 2), 0.097, 0.1461)
    )

    def low(m: Array) -> Array:
        a20 = _at("a20", zeta)
        return (
            a20
            * (_at("a18", zeta) + _at("a19", zeta) * m ** _at("a21", zeta))
            / (a20 + m ** _at("a22", zeta))
        )

    def high(m: Array) -> Array:
        a26 = _at("a26", zeta)
        above = _at("a23", zeta) * m**a26 + _at("a24", zeta) * m ** (a26 + 1.5)
        return (above - 8.672073e-2 * m**3) / (_at("a25", zeta) + m**5)

    between = np.clip((mass - split) / 0.1, 0.0, 1.0)
    radius = (1 - between) * low(np.minimum(mass, split))
    radius += between * high(np.maximum(mass, split + 0.1))
    return np.asarray(np.maximum(radius, np.where(mass < 0.5, 1.5, 1.0) * zams_radius))


def _base_luminosity(mass: Array, zeta: Array) -> Array:
    """Luminosity at the base of the giant branch (their equation 10)."""
    a32 = _at("a32", zeta)
    above = _at("a27", zeta) * mass ** _at("a31", zeta) + _at("a28", zeta) * mass**9.301992
    return above / (_at("a29", zeta) ** a32 + _at("a30", zeta) * mass**4.637345 + mass**a32)


def _giants(mass: Array, zeta: Array, base_luminosity: Array) -> tuple[Array, ...]:
    """Tip and clump luminosities and the lifetime of the clump in Gyr."""
    # About 2.1 solar masses divides degenerate helium ignition from quiet ignition.
    quiet = 1 / (1 + np.exp(-np.clip((mass - 2.1 - 0.15 * zeta) / 0.08, -50, 50)))
    relative = np.log10(np.maximum(mass, 1.5) / 2.3)
    tip = (1 - quiet) * (3.37 + 0.05 * zeta) + quiet * (1.9 + 4.2 * relative)
    clump = (1 - quiet) * 1.69 + quiet * (1.5 + 4.0 * relative)
    clump_age = (1 - quiet) * 0.1 + quiet * 0.26 * 10 ** (-3 * relative)
    tip = np.maximum(tip, np.log10(base_luminosity) + 0.05)
    return 10**tip, 10**clump, clump_age


def landmarks(mass: Array, m_h: Array) -> Landmarks:
    """Return the corners of the tracks of stars.

    Parameters
    ----------
    mass
        Initial masses, 0.1 to 6 solar masses.
    m_h
        [M/H], the abundance of all metals together, in dex.

    Examples
    --------
    >>> sun = landmarks(np.array([1.0]), np.array([0.0]))
    >>> round(float(sun.zams_luminosity[0]), 2), round(float(sun.turn_off_age[0]), 1)
    (0.7, 11.0)
    """
    mass = np.atleast_1d(np.asarray(mass, dtype=np.float64))
    m_h = np.broadcast_to(np.asarray(m_h, dtype=np.float64), mass.shape)
    zeta = np.clip(m_h, *METALLICITY_RANGE)
    zams_luminosity, zams_radius = _zams(mass, zeta)
    base_age = _base_age(mass, zeta)
    base = _base_luminosity(mass, zeta)
    tip, clump, clump_age = _giants(mass, zeta, base)
    core_scale = 5.37 + 0.135 * zeta
    hydrogen_rate = 1000 * 10 ** np.maximum(-4.8, np.minimum(-5.7 + 0.8 * mass, -4.1 + 0.14 * mass))
    core_rate = (_CORE_POWER - 1) * hydrogen_rate * 10**core_scale
    tip_age = base_age + (core_clock(base, core_scale) - core_clock(tip, core_scale)) / core_rate
    return Landmarks(
        mass=mass,
        m_h=m_h,
        zams_luminosity=zams_luminosity,
        zams_radius=zams_radius,
        turn_off_age=base_age * _turn_off_fraction(mass, zeta),
        turn_off_luminosity=np.maximum(_turn_off_luminosity(mass, zeta), 1.1 * zams_luminosity),
        turn_off_radius=_turn_off_radius(mass, zeta, zams_radius),
        base_age=base_age,
        base_luminosity=base,
        tip_age=tip_age,
        tip_luminosity=tip,
        clump_luminosity=clump,
        end_age=tip_age + clump_age,
        core_rate=core_rate,
        core_scale=core_scale,
    )


def core_clock(luminosity: Array, core_scale: Array) -> Array:
    """Return (D/L)^((p-1)/p), which falls linearly with time on the giant branch."""
    power = (_CORE_POWER - 1) / _CORE_POWER
    return np.asarray((10**core_scale / luminosity) ** power, dtype=np.float64)


def core_luminosity(clock: Array, core_scale: Array) -> Array:
    """Return the luminosity in suns at a value of `core_clock`."""
    return np.asarray(
        10**core_scale * clock ** (-_CORE_POWER / (_CORE_POWER - 1)), dtype=np.float64
    )
