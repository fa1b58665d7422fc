"""Isochrones: what a star of a mass, age and metallicity looks like.

Between the landmarks of `starledger.compute.simulate.population.tracks` a star moves smoothly. The
temperatures of giants are a polynomial in log g, [M/H] and mass that lies along the giant branches
of MIST (Choi et al. 2016) and the red clump of APOGEE (Bovy et al. 2014) within some 50 K. The
asymptotic giant branch and what follows are left out: such stars count as remnants.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from starledger.compute.simulate.population.tracks import (
    METALLICITY_RANGE,
    Array,
    Landmarks,
    core_clock,
    core_luminosity,
    landmarks,
)

SOLAR_TEFF = 5772.0
"""Effective temperature of the Sun in K (IAU 2015 B3)."""

SOLAR_LOGG = 4.438
"""Surface gravity of the Sun in dex(cm/s2)."""

_EARLY_BRIGHTENING = 0.61
"""Share of the main sequence's brightening that is linear in age, chosen for the present Sun."""

_EARLY_GROWTH = 0.36
"""Likewise of its growth in radius."""


class Phase(IntEnum):
    """Where in its life a star is."""

    MAIN_SEQUENCE = 0
    SUBGIANT = 1
    GIANT_BRANCH = 2
    RED_CLUMP = 3
    REMNANT = 4


class StellarPoint(NamedTuple):
    """What stars look like.

    Parameters
    ----------
    teff, logg
        Effective temperature in K, surface gravity in dex(cm/s2).
    luminosity, radius
        In solar units.
    phase
        A `Phase` per star. A remnant has the values of the end of its clump, for no use.
    """

    teff: Array
    logg: Array
    luminosity: Array
    radius: Array
    phase: NDArray[np.int8]


class TrackAge(NamedTuple):
    """The age in Gyr at a place of a track and how fast it grows along it (Gyr per unit)."""

    age: Array
    slope: Array


def total_metallicity(fe_h: Array, alpha_fe: Array | float = 0.0) -> Array:
    """Return [M/H] in dex of an α-enhanced mixture (Salaris et al. 1993).

    Examples
    --------
    >>> round(float(total_metallicity(np.array(-1.0), 0.3)), 2)
    -0.79
    """
    return np.asarray(fe_h + np.log10(0.638 * 10 ** np.asarray(alpha_fe) + 0.362), dtype=np.float64)


def giant_temperature(logg: Array, m_h: Array, mass: Array) -> Array:
    """Return the temperature of the giant branch in K.

    Parameters
    ----------
    logg, m_h, mass
        In dex(cm/s2), dex and solar masses.

    Examples
    --------
    >>> float(giant_temperature(np.array(2.5), np.array(0.0), np.array(1.1)))
    4580.0
    """
    height = logg - 2.5
    metals = -370.0 * m_h - 55.0 * m_h**2 + 40.0 * m_h * height
    return np.asarray(
        4580.0 + 470.0 * height - 50.0 * height**2 + metals + 110.0 * (np.minimum(mass, 3) - 1.1)
    )


def isochrone(age: Array, fe_h: Array, mass: Array, alpha_fe: Array | float = 0.0) -> StellarPoint:
    """Return what stars of an age, metallicity and mass look like.

    Parameters
    ----------
    age
        In Gyr, 0 to 13.8.
    fe_h, alpha_fe
        In dex.
    mass
        Initial mass in solar masses, 0.1 to 6.

    Examples
    --------
    >>> sun = isochrone(np.array([4.6]), np.array([0.0]), np.array([1.0]))
    >>> Phase(int(sun.phase[0])).name, round(float(sun.logg[0]), 2)
    ('MAIN_SEQUENCE', 4.44)
    """
    age, fe_h, mass, alpha = np.broadcast_arrays(*np.atleast_1d(age, fe_h, mass, alpha_fe))
    marks = landmarks(mass, total_metallicity(fe_h, alpha))
    corners = np.stack([marks.turn_off_age, marks.base_age, marks.tip_age, marks.end_age])
    phase = (age >= corners).sum(axis=0).astype(np.int8)
    log_luminosity = np.empty(mass.shape)
    log_teff = np.empty(mass.shape)
    for which, place in _PLACES.items():
        rows = phase == which
        if rows.any():
            here = Landmarks(*(column[rows] for column in marks))
            log_luminosity[rows], log_teff[rows] = place(here, age[rows])
    return _point(log_luminosity, log_teff, mass, phase)


def _point(log_luminosity: Array, log_teff: Array, mass: Array, phase: Array) -> StellarPoint:
    teff = 10**log_teff
    radius = 10 ** (log_luminosity / 2) * (SOLAR_TEFF / teff) ** 2
    logg = SOLAR_LOGG + np.log10(mass) - 2 * np.log10(radius)
    return StellarPoint(teff, logg, 10**log_luminosity, radius, phase.astype(np.int8))


def _log_teff(luminosity: Array, radius: Array, m_h: Array) -> Array:
    # The formulae end at Z = 0.03; what is richer in metals is a little cooler still.
    excess = np.maximum(m_h - METALLICITY_RANGE[1], 0.0)
    warmth = 0.25 * np.log10(luminosity) - 0.5 * np.log10(radius)
    return np.asarray(np.log10(SOLAR_TEFF) + warmth - 0.03 * excess)


def _main_sequence(at: Landmarks, age: Array) -> tuple[Array, Array]:
    done = age / at.turn_off_age
    brightening = np.log10(at.turn_off_luminosity / at.zams_luminosity)
    growth = np.log10(at.turn_off_radius / at.zams_radius)
    climb = _EARLY_BRIGHTENING * done + (1 - _EARLY_BRIGHTENING) * done**2
    swell = _EARLY_GROWTH * done + (1 - _EARLY_GROWTH) * done**3
    luminosity = at.zams_luminosity * 10 ** (brightening * climb)
    radius = at.zams_radius * 10 ** (growth * swell)
    return np.log10(luminosity), _log_teff(luminosity, radius, at.m_h)


def _subgiant(at: Landmarks, age: Array) -> tuple[Array, Array]:
    done = (age - at.turn_off_age) / (at.base_age - at.turn_off_age)
    start = _log_teff(at.turn_off_luminosity, at.turn_off_radius, at.m_h)
    low, high = np.log10(at.turn_off_luminosity), np.log10(at.base_luminosity)
    end = _giant_log_teff(high, at)
    return low + done * (high - low), start + done * (end - start)


def _giant_log_teff(log_luminosity: Array, at: Landmarks, warmer: Array | float = 0.0) -> Array:
    """Find the temperature that the giants of a luminosity have, and its gravity, together."""
    logg = np.full(log_luminosity.shape, 2.5)
    teff = np.full(log_luminosity.shape, 4600.0)
    # The temperature hardly moves the gravity: every round gains a digit.
    for _ in range(8):
        teff = np.maximum(giant_temperature(logg, at.m_h, at.mass) + warmer, 2500.0)
        logg = SOLAR_LOGG + np.log10(at.mass) - log_luminosity + 4 * np.log10(teff / SOLAR_TEFF)
    return np.asarray(np.log10(teff))


def _giant_branch(at: Landmarks, age: Array) -> tuple[Array, Array]:
    clock = core_clock(at.base_luminosity, at.core_scale) - at.core_rate * (age - at.base_age)
    log_luminosity = np.log10(core_luminosity(clock, at.core_scale))
    return log_luminosity, _giant_log_teff(log_luminosity, at)


def _red_clump(at: Landmarks, age: Array) -> tuple[Array, Array]:
    done = np.minimum((age - at.tip_age) / (at.end_age - at.tip_age), 1.0)
    log_luminosity = np.log10(at.clump_luminosity) + 0.15 * done**2
    # Burning helium makes a star warmer than the branch, the more the poorer in metals.
    warmer = 170.0 + 120.0 * np.clip(-at.m_h, 0.0, 2.5)
    return log_luminosity, _giant_log_teff(log_luminosity, at, warmer)


_PLACES = {
    Phase.MAIN_SEQUENCE: _main_sequence,
    Phase.SUBGIANT: _subgiant,
    Phase.GIANT_BRANCH: _giant_branch,
    Phase.RED_CLUMP: _red_clump,
    Phase.REMNANT: _red_clump,
}


def age_along(mass: Array, m_h: Array, place: Array) -> TrackAge:
    """Return the age of stars at a place on their tracks.

    Parameters
    ----------
    mass, m_h
        In solar masses and dex ([M/H]).
    place
        0 to 1 on the main sequence, to 2 on the subgiant branch, to 3 on the giant branch, to 4 in
        the clump: the share of the time, on the giant branch the share of the rise in log L.

    Examples
    --------
    >>> float(age_along(np.array([1.0]), np.array([0.0]), np.array([1.0])).age[0].round(1))
    11.0
    """
    at = landmarks(mass, m_h)
    share = place - np.floor(np.minimum(place, 3.0))
    start, stop = (core_clock(x, at.core_scale) for x in (at.base_luminosity, at.tip_luminosity))
    clock = start ** (1 - share) * stop**share
    spans = (
        (0.0 * at.base_age, at.turn_off_age),
        (at.turn_off_age, at.base_age),
        (at.base_age, at.tip_age),
        (at.tip_age, at.end_age),
    )
    conditions = [place < 1, place < 2, place < 3]
    ages = [low + share * (high - low) for low, high in spans]
    slopes = [high - low for low, high in spans]
    ages[2] = at.base_age + (start - clock) / at.core_rate
    slopes[2] = np.log(start / stop) * clock / at.core_rate
    return TrackAge(
        np.select(conditions, ages[:3], ages[3]), np.select(conditions, slopes[:3], slopes[3])
    )


def mass_at(age: Array, m_h: Array, place: Array) -> Array:
    """Return the mass of the star that is at a place of its track at an age.

    Parameters
    ----------
    age, m_h
        In Gyr and dex ([M/H]).
    place
        As for `age_along`.

    Returns
    -------
    Array
        Solar masses, between 0.1 and 6.

    Examples
    --------
    >>> float(mass_at(np.array([11.0]), np.array([0.0]), np.array([1.0]))[0].round(2))
    1.0
    """
    age, m_h, place = np.broadcast_arrays(*np.atleast_1d(age, m_h, place))
    low, high = np.full(age.shape, np.log(0.1)), np.full(age.shape, np.log(6.0))
    for _ in range(44):
        middle = (low + high) / 2
        lives = age_along(np.exp(middle), m_h, place).age > age
        low, high = np.where(lives, middle, low), np.where(lives, high, middle)
    return np.asarray(np.exp((low + high) / 2))
