"""Unresolved binaries: a second star in the light of the first, and the orbit of both."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from starledger.compute.simulate.population.bodies import Bodies, Integers
from starledger.compute.simulate.population.isochrones import StellarPoint, isochrone
from starledger.compute.simulate.population.photometry import absolute_magnitudes
from starledger.compute.simulate.population.tracks import Array

FIRST_MJD = 50_000.0
"""Epoch from which the time of periastron is counted, MJD."""

_PERIOD_MIDDLE = 5.03
_PERIOD_SPREAD = 2.28
_RESOLVED = 2.0
_YEAR = 365.25
_SUNS_PER_AU = 215.03
_KM_S_PER_AU_DAY = 1731.4568
_LIGHTEST = 0.1

_LIGHT_SHARE_OF_SB2 = 0.1
_SPLIT_OF_SB2 = 40.0


@dataclass(frozen=True)
class Companions:
    """The unseen partners of stars, one row per star; a single star has zeros.

    Parameters
    ----------
    exists
        Whether there is a companion.
    mass, mass_ratio
        In solar masses, and relative to the primary.
    teff, logg
        In K and dex(cm/s2).
    radius_ratio, flux_ratio
        Its radius, and its flux in G, relative to the primary's.
    period, periastron
        In days, and one time of periastron as MJD.
    eccentricity, argument
        Of the orbit, the argument of periastron of the primary in radians.
    k1, k2
        Semi-amplitudes of the velocities of primary and companion in km/s.
    double_lined
        Whether a good spectrum can show both: the companion gives more than a tenth of the light in
        G and the lines part by more than 40 km/s.
    """

    exists: NDArray[np.bool_]
    mass: Array
    mass_ratio: Array
    teff: Array
    logg: Array
    radius_ratio: Array
    flux_ratio: Array
    period: Array
    periastron: Array
    eccentricity: Array
    argument: Array
    k1: Array
    k2: Array
    double_lined: NDArray[np.bool_]

    def take(self, rows: Integers) -> Companions:
        """Return some rows in a given order."""
        return Companions(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})


class OrbitalVelocities(NamedTuple):
    """Velocities of primary and companion relative to their centre of mass, in km/s."""

    primary: Array
    companion: Array


class _Orbit(NamedTuple):
    period: Array
    eccentricity: Array
    k1: Array


def draw_companions(
    stars: Bodies, primary: StellarPoint, share: float, rng: np.random.Generator
) -> Companions:
    """Give a share of the stars an unresolved companion.

    Parameters
    ----------
    stars, primary
        The stars and what they look like.
    share
        How many of them are binaries, 0 to 1.
    rng
        Source of all draws.

    Notes
    -----
    Mass ratios are even from 0.1 to 1 with a tenth of twins. Periods follow Raghavan et al. (2010),
    between touching stars and a separation of 2 arcsec; orbits below 10 days are circular.

    Examples
    --------
    >>> from starledger.compute.simulate.population.population import field_stars
    >>> rng = np.random.default_rng(0)
    >>> stars = field_stars(100, rng)
    >>> point = isochrone(stars.age, stars.fe_h, stars.mass, stars.alpha_fe)
    >>> bool((draw_companions(stars, point, 1.0, rng).mass_ratio <= 1).all())
    True
    """
    count = len(stars)
    ratio = 0.1 + 0.9 * rng.random(count)
    ratio = np.where(rng.random(count) < 0.1, 0.95 + 0.05 * rng.random(count), ratio)
    mass = np.minimum(np.maximum(ratio * stars.mass, _LIGHTEST), stars.mass)
    second = isochrone(stars.age, stars.fe_h, mass, stars.alpha_fe)
    orbit = _orbit(stars, mass, primary.radius + second.radius, rng)
    exists = (rng.random(count) < share) & (orbit.period > 0)
    light = [
        absolute_magnitudes(one.teff, stars.fe_h, one.luminosity)[:, 0] for one in (primary, second)
    ]
    flux_ratio = 10 ** (0.4 * (light[0] - light[1]))
    k2 = orbit.k1 * stars.mass / mass
    double = exists & (flux_ratio > _LIGHT_SHARE_OF_SB2) & (orbit.k1 + k2 > _SPLIT_OF_SB2)
    columns = {
        "mass": mass,
        "mass_ratio": mass / stars.mass,
        "teff": second.teff,
        "logg": second.logg,
        "radius_ratio": second.radius / primary.radius,
        "flux_ratio": flux_ratio,
        "period": orbit.period,
        "periastron": FIRST_MJD + orbit.period * rng.random(count),
        "eccentricity": orbit.eccentricity,
        "argument": 2 * np.pi * rng.random(count),
        "k1": orbit.k1,
        "k2": k2,
    }
    kept = {name: np.where(exists, column, 0.0) for name, column in columns.items()}
    return Companions(exists=exists, double_lined=double, **kept)


def _orbit(stars: Bodies, mass: Array, radii: Array, rng: np.random.Generator) -> _Orbit:
    """Draw orbits that fit between touching stars and a resolved pair; period 0 where none does."""
    total = stars.mass + mass
    touching = 3.0 * radii / _SUNS_PER_AU
    longest = np.sqrt((_RESOLVED * stars.distance) ** 3 / total) * _YEAR
    shortest = np.sqrt(touching**3 / total) * _YEAR
    low, high = (
        ndtr((np.log10(one) - _PERIOD_MIDDLE) / _PERIOD_SPREAD) for one in (shortest, longest)
    )
    quantile = low + (high - low) * rng.random(len(stars))
    period = 10 ** (_PERIOD_MIDDLE + _PERIOD_SPREAD * ndtri(quantile))
    axis = np.cbrt(total * (period / _YEAR) ** 2)
    room = np.clip(1.0 - touching / axis, 0.0, 0.85)
    eccentricity = np.where(period < 10.0, 0.0, room * rng.random(len(stars)))
    inclined = np.sqrt(1 - rng.random(len(stars)) ** 2)
    speed = 2 * np.pi * axis * mass / total / period * _KM_S_PER_AU_DAY
    k1 = speed * inclined / np.sqrt(1 - eccentricity**2)
    return _Orbit(np.where(longest > shortest, period, 0.0), eccentricity, k1)


def orbital_velocities(companions: Companions, mjd: Array | float) -> OrbitalVelocities:
    """Return the velocities of both stars of binaries at a time; 0 for single stars.

    Parameters
    ----------
    companions
        One row per star.
    mjd
        Barycentric times as MJD: one, one per star, or stars × times.

    Examples
    --------
    >>> from starledger.compute.simulate.population.truth import draw_stars
    >>> stars = draw_stars(100, seed=1)
    >>> speeds = orbital_velocities(stars.companions, 58000.0)
    >>> bool(np.abs(speeds.primary[~stars.companions.exists]).max() == 0)
    True
    """
    mjd = np.asarray(mjd, dtype=np.float64)
    shape = (-1, *(1,) * max(mjd.ndim - 1, 0))
    period, start, e, argument, k1, k2 = (
        column.reshape(shape)
        for column in (
            np.where(companions.exists, companions.period, 1.0),
            companions.periastron,
            companions.eccentricity,
            companions.argument,
            companions.k1,
            companions.k2,
        )
    )
    mean = 2 * np.pi * (((mjd - start) / period) % 1.0)
    anomaly = _eccentric_anomaly(mean, np.broadcast_to(e, mean.shape))
    true = 2 * np.arctan2(
        np.sqrt(1 + e) * np.sin(anomaly / 2), np.sqrt(1 - e) * np.cos(anomaly / 2)
    )
    shape_of_curve = np.cos(true + argument) + e * np.cos(argument)
    return OrbitalVelocities(k1 * shape_of_curve, -k2 * shape_of_curve)


def _eccentric_anomaly(mean: Array, e: Array) -> Array:
    """Solve Kepler's equation by Newton's method, which from π always converges."""
    anomaly = np.where(e > 0.5, np.pi, mean)
    for _ in range(12):
        anomaly = anomaly - (anomaly - e * np.sin(anomaly) - mean) / (1 - e * np.cos(anomaly))
    return np.asarray(anomaly)
