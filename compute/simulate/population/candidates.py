"""Candidates for a survey: places on tracks, how common they are and how bright.

To draw stars by their true numbers and keep those that a survey sees would throw nearly all away.
Instead all phases of life are proposed alike, and each candidate carries as its weight how common
it is among the stars of its population.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator

from starledger.compute.simulate.population.isochrones import age_along, isochrone, mass_at
from starledger.compute.simulate.population.photometry import absolute_magnitudes
from starledger.compute.simulate.population.tracks import Array

LIGHTEST = 0.45
"""Least mass in solar masses that is drawn: what is lighter is cooler than the synthesis goes."""

_EVOLVED_SHARE = 0.5
_AGES = np.geomspace(0.08, 13.5, 24)
_METALS = np.linspace(-2.5, 0.6, 14)
_TIP = 2.9999
_PLACES = np.concatenate(
    [
        np.linspace(0.0, 1.0, 9),
        np.linspace(1.0, 2.0, 7)[1:],
        np.linspace(2.0, _TIP, 12)[1:],
        np.linspace(3.0, 3.9999, 6),
    ]
)


class Candidates(NamedTuple):
    """Proposed stars.

    Parameters
    ----------
    mass
        In solar masses.
    place
        On the main sequence the share of the way in log mass from the lightest star to the
        turn-off, beyond 1 the place on the track as for
        `starledger.compute.simulate.population.isochrones.age_along`.
    magnitude
        Absolute G in mag, interpolated.
    weight
        How common such stars are.
    """

    mass: Array
    place: Array
    magnitude: Array
    weight: Array


def birth_weight(mass: Array) -> Array:
    """Return the initial mass function of Kroupa (2001), stars per solar mass.

    Examples
    --------
    >>> birth_weight(np.array([0.4, 1.0])).round(2).tolist()
    [6.58, 1.0]
    """
    return np.asarray(np.where(mass > 0.5, mass**-2.3, 2.0 * mass**-1.3))


@cache
def _library() -> RegularGridInterpolator:
    """Log mass, absolute G and log weight by log age, [M/H] and place."""
    shape = (len(_AGES), len(_METALS), len(_PLACES))
    age, m_h, place = (x.ravel() for x in np.meshgrid(_AGES, _METALS, _PLACES, indexing="ij"))
    mass = mass_at(age, m_h, np.maximum(place, 1.0))
    dwarf = place <= 1.0
    turn_off = np.maximum(mass, 1.01 * LIGHTEST)
    mass = np.where(dwarf, LIGHTEST * (turn_off / LIGHTEST) ** np.minimum(place, 1.0), mass)
    along = age_along(mass, m_h, np.maximum(place, 1.0))
    star = isochrone(np.where(dwarf, age, along.age), m_h, mass)
    magnitude = absolute_magnitudes(star.teff, m_h, star.luminosity)[:, 0]
    # Along the main sequence stars are as many as their mass range, beyond it as many as the masses
    # that pass a place in its time; the age of a place falls with the third power of the mass.
    span = np.where(dwarf, np.log(turn_off / LIGHTEST), along.slope / (3.0 * along.age))
    weight = np.log(birth_weight(mass) * mass * span)
    values = np.stack([np.log(mass), magnitude, weight], axis=-1)
    grid = (np.log(_AGES), _METALS, _PLACES)
    return RegularGridInterpolator(grid, values.reshape(*shape, 3))


def candidates(age: Array, m_h: Array, rng: np.random.Generator) -> Candidates:
    """Propose stars of given ages and metallicities, half of them beyond the main sequence.

    Parameters
    ----------
    age, m_h
        In Gyr and dex ([M/H]).
    rng
        Draws their places.

    Examples
    --------
    >>> drawn = candidates(np.full(9, 5.0), np.zeros(9), np.random.default_rng(0))
    >>> bool((drawn.mass < 1.5).all())
    True
    """
    evolved = rng.random(len(age)) < _EVOLVED_SHARE
    place = rng.random(len(age))
    place = np.where(evolved, np.minimum(1.0 + 3.0 * place, 3.9999), place)
    place = np.where((place > _TIP) & (place < 3.0), _TIP, place)
    at = (
        np.log(np.clip(age, _AGES[0], _AGES[-1])),
        np.clip(m_h, _METALS[0], _METALS[-1]),
        place,
    )
    log_mass, magnitude, weight = np.moveaxis(_library()(np.stack(at, axis=-1)), -1, 0)
    # Where both kinds are drawn, each counts by the width of its range of places.
    weight = np.exp(weight) * np.where(evolved, 3.0 / _EVOLVED_SHARE, 1.0 / (1 - _EVOLVED_SHARE))
    return Candidates(np.exp(log_mass), place, magnitude, weight)


def weighted_choice(weight: Array, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw rows without putting any back, each as likely as its weight; fewer where there are none.

    Examples
    --------
    >>> weighted_choice(np.array([1.0, 0.0, 2.0]), 3, np.random.default_rng(0)).tolist()
    [2, 0]
    """
    # The largest of log weight + Gumbel noise are such a draw (Efraimidis & Spirakis 2006).
    with np.errstate(divide="ignore"):
        key = np.log(weight) + rng.gumbel(size=len(weight))
    count = min(count, int(np.isfinite(key).sum()))
    return np.argsort(-key, kind="stable")[:count]
