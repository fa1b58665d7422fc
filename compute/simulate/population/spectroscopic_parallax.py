"""Absolute magnitudes from spectroscopic labels alone, by the isochrones."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from starledger.compute.simulate.population.isochrones import (
    SOLAR_LOGG,
    SOLAR_TEFF,
    Phase,
    age_along,
    isochrone,
)
from starledger.compute.simulate.population.photometry import absolute_magnitudes
from starledger.compute.simulate.population.tracks import Array

SCALES = np.array([100.0, 0.2, 0.1])
"""Differences in teff (K), logg and fe_h (dex) that count alike when neighbours are sought."""

_NEIGHBOURS = 16
_OLDEST = 13.8


class _Library(NamedTuple):
    tree: cKDTree
    mass: Array
    weight: Array


@cache
def _library() -> _Library:
    """Stars of all masses and metallicities at even steps along their tracks."""
    fe_h = np.arange(-2.5, 0.51, 0.1)
    mass = np.exp(np.arange(np.log(0.4), np.log(5.0), 0.025))
    place = np.concatenate([np.arange(0.02, 1.0, 0.04), np.arange(1.05, 4.0, 0.1)])
    fe_h, mass, place = (grid.ravel() for grid in np.meshgrid(fe_h, mass, place, indexing="ij"))
    when = age_along(mass, fe_h, place)
    young = (when.age > 0.05) & (when.age < _OLDEST)
    fe_h, mass, age = fe_h[young], mass[young], when.age[young]
    stars = isochrone(age, fe_h, mass)
    kept = stars.phase != Phase.REMNANT
    points = np.stack([stars.teff, stars.logg, fe_h], axis=-1)[kept] / SCALES
    weight = mass**-1.3 * when.slope[young]
    return _Library(cKDTree(points), mass[kept], weight[kept])


def likely_mass(teff: Array, logg: Array, fe_h: Array) -> Array:
    """Return the mean mass of the stars that have such labels.

    Parameters
    ----------
    teff, logg, fe_h
        In K, dex(cm/s2) and dex.

    Returns
    -------
    Array
        Solar masses, weighted by the initial mass function and by the time that stars spend there.

    Examples
    --------
    >>> float(likely_mass(np.array([5772.0]), np.array([4.44]), np.array([0.0]))[0].round(1))
    1.0
    """
    library = _library()
    points = np.stack(np.broadcast_arrays(teff, logg, fe_h), axis=-1) / SCALES
    distance, rows = library.tree.query(points, k=_NEIGHBOURS)
    near = library.weight[rows] * np.exp(-0.5 * (distance**2 - distance[..., :1] ** 2))
    return np.asarray((near * library.mass[rows]).sum(axis=-1) / near.sum(axis=-1))


def spectroscopic_magnitudes(teff: Array, logg: Array, fe_h: Array) -> Array:
    """Return the absolute magnitudes that belong to spectroscopic labels.

    The gravity and the likely mass give the radius, and this with the temperature the luminosity.

    Parameters
    ----------
    teff, logg, fe_h
        In K, dex(cm/s2) and dex; one per star.

    Returns
    -------
    Array
        Stars × `.photometry.BANDS`, in mag, without extinction.

    Examples
    --------
    >>> clump = np.array([4780.0]), np.array([2.45]), np.array([0.0])
    >>> -1.9 < float(spectroscopic_magnitudes(*clump)[0, 5]) < -1.3
    True
    """
    log_radius = 0.5 * (SOLAR_LOGG + np.log10(likely_mass(teff, logg, fe_h)) - logg)
    luminosity = 10 ** (2 * log_radius) * (np.asarray(teff) / SOLAR_TEFF) ** 4
    return absolute_magnitudes(teff, fe_h, luminosity)
