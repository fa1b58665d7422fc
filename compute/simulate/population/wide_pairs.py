"""Wide binaries: two stars of one birth that move together and are seen apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from starledger.compute.simulate.population.bodies import Bodies, Integers
from starledger.compute.simulate.population.candidates import LIGHTEST
from starledger.compute.simulate.population.galaxy import KM_S_PER_MAS_KPC
from starledger.compute.simulate.population.isochrones import isochrone
from starledger.compute.simulate.population.photometry import (
    absolute_magnitudes,
    apparent_magnitudes,
)
from starledger.compute.simulate.population.selection import Selection
from starledger.compute.simulate.population.tracks import Array

CLOSEST = 2.0
"""Least separation in arcsec: what is closer is one source."""

WIDEST = 180.0
"""Greatest separation in arcsec."""

LOOSEST = 20_000.0
"""Greatest separation in astronomical units that the Galaxy leaves together."""

_EARTH_SPEED = 29.785


class WidePairs(NamedTuple):
    """Rows of stars that have a partner, and the partners, in the same order."""

    primaries: Integers
    partners: Bodies


def wide_pairs(stars: Bodies, count: int, rng: np.random.Generator, limits: Selection) -> WidePairs:
    """Give partners to some stars.

    Parameters
    ----------
    stars
        Stars of the field.
    count
        How many pairs; fewer where not so many stars can have a partner that the survey takes.
    rng, limits
        Source of all draws, and what the survey takes.

    Returns
    -------
    WidePairs
        Partners share birth, age, abundances, extinction and distance with their primaries, lie
        2 to 180 arcsec away and move like them but for the orbit.

    Examples
    --------
    >>> from starledger.compute.simulate.population.population import field_stars
    >>> rng = np.random.default_rng(0)
    >>> pairs = wide_pairs(field_stars(200, rng), 5, rng, Selection())
    >>> len(pairs.primaries), len(pairs.partners)
    (5, 5)
    """
    near = stars.distance < LOOSEST / CLOSEST / 1.5
    mass = LIGHTEST * (0.9999 * stars.mass / LIGHTEST) ** np.sqrt(rng.random(len(stars)))
    rows = np.flatnonzero(near & (stars.mass > 1.1 * LIGHTEST) & _seen(stars, mass, limits))
    rows = np.sort(rng.permutation(rows)[:count])
    return WidePairs(rows, _partners(stars.take(rows), mass[rows], rng))


def _seen(stars: Bodies, mass: Array, limits: Selection) -> NDArray[np.bool_]:
    star = isochrone(stars.age, stars.fe_h, mass, stars.alpha_fe)
    absolute = absolute_magnitudes(star.teff, stars.fe_h, star.luminosity)
    magnitude = apparent_magnitudes(absolute, stars.distance, stars.a_v)[:, 0]
    return limits.takes(magnitude, star.teff, star.logg, stars.fe_h)


def _partners(primary: Bodies, mass: Array, rng: np.random.Generator) -> Bodies:
    count = len(primary)
    widest = np.minimum(WIDEST, LOOSEST / primary.distance)
    apart = CLOSEST * (widest / CLOSEST) ** rng.random(count)
    angle = 2 * np.pi * rng.random(count)
    orbit = _EARTH_SPEED * np.sqrt((primary.mass + mass) / (apart * primary.distance))
    speed = orbit / np.sqrt(3.0) * np.clip(rng.standard_normal((3, count)), -2.0, 2.0)
    scale = KM_S_PER_MAS_KPC * primary.distance / 1000.0
    dec = primary.dec + apart * np.cos(angle) / 3600.0
    return Bodies(
        component=primary.component,
        cluster=primary.cluster,
        birth=primary.birth,
        age=primary.age,
        fe_h=primary.fe_h,
        alpha_fe=primary.alpha_fe,
        mass=mass,
        ra=(primary.ra + apart * np.sin(angle) / 3600.0 / np.cos(np.radians(dec))) % 360.0,
        dec=dec,
        distance=primary.distance,
        pmra=primary.pmra + speed[0] / scale,
        pmdec=primary.pmdec + speed[1] / scale,
        rv=primary.rv + speed[2],
        a_v=primary.a_v,
    )
