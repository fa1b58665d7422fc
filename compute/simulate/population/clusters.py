"""Open clusters: stars of one age and one stuff at one place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from starledger.compute.simulate.population.bodies import Bodies, joined
from starledger.compute.simulate.population.candidates import (
    LIGHTEST,
    birth_weight,
    weighted_choice,
)
from starledger.compute.simulate.population.galaxy import KM_S_PER_MAS_KPC
from starledger.compute.simulate.population.isochrones import (
    Phase,
    isochrone,
    mass_at,
    total_metallicity,
)
from starledger.compute.simulate.population.photometry import (
    absolute_magnitudes,
    apparent_magnitudes,
)
from starledger.compute.simulate.population.selection import Selection
from starledger.compute.simulate.population.tracks import Array

_CANDIDATES_PER_STAR = 8


@dataclass(frozen=True)
class Cluster:
    """An open cluster.

    Parameters
    ----------
    name
        As the catalogs have it.
    ra, dec
        Centre, ICRS, in degrees.
    radius
        That of half its members, in degrees.
    pmra, pmdec, parallax, rv
        Mean motion in mas/yr, parallax in mas, radial velocity in km/s.
    age, fe_h, alpha_fe
        In Gyr and dex.
    a_v
        Extinction in mag.
    dispersion
        Of the velocities in one dimension, in km/s.
    weight
        Its share of the members that are drawn, relative to the others.
    """

    name: str
    ra: float
    dec: float
    radius: float
    pmra: float
    pmdec: float
    parallax: float
    rv: float
    age: float
    fe_h: float
    alpha_fe: float
    a_v: float
    dispersion: float
    weight: float


CLUSTERS = (
    Cluster("M67", 132.846, 11.814, 0.166, -10.99, -2.96, 1.15, 33.9, 4.0, 0.0, 0.0, 0.1, 0.6, 3.0),
    Cluster(
        "NGC 6819", 295.327, 40.190, 0.10, -2.92, -3.86, 0.39, 2.8, 2.4, 0.05, 0.0, 0.45, 0.9, 1
    ),
    Cluster(
        "NGC 6791", 290.221, 37.778, 0.08, -0.42, -2.27, 0.24, -47.4, 8.3, 0.31, 0.03, 0.5, 1.2, 1
    ),
    Cluster(
        "NGC 2420", 114.602, 21.575, 0.05, -1.22, -2.05, 0.40, 74.2, 2.0, -0.2, 0.03, 0.12, 0.8, 1
    ),
    Cluster(
        "Berkeley 32",
        104.530,
        6.433,
        0.06,
        -0.34,
        -1.60,
        0.31,
        105.6,
        4.9,
        -0.3,
        0.08,
        0.45,
        0.7,
        1,
    ),
    Cluster(
        "Praesepe", 130.054, 19.621, 1.3, -36.0, -12.9, 5.39, 35.0, 0.7, 0.15, -0.02, 0.05, 0.6, 1
    ),
    Cluster("Pleiades", 56.601, 24.114, 1.0, 20.0, -45.5, 7.36, 5.7, 0.125, 0.0, 0.0, 0.12, 0.6, 1),
)
"""Clusters after Cantat-Gaudin et al. (2020) and Soubiran et al. (2018), rounded."""


@cache
def _passed(cluster: Cluster) -> tuple[Array, Array]:
    """Places beyond the main sequence and the masses of the cluster's stars that are there."""
    places = np.linspace(1.0, 3.9999, 400)
    m_h = total_metallicity(np.array(cluster.fe_h), cluster.alpha_fe)
    return places, mass_at(np.array(cluster.age), m_h, places)


def _masses(cluster: Cluster, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Masses of candidates of all phases and the square root of how common they are."""
    places, passed = _passed(cluster)
    evolved = rng.random(count) < 0.5
    at = 1.0 + 2.9999 * rng.random(count)
    light = LIGHTEST * (passed[0] / LIGHTEST) ** rng.random(count)
    mass = np.where(evolved, np.interp(at, places, passed), light)
    per_place = np.interp(at, places, np.gradient(passed, places))
    span = np.where(evolved, 3.0 * np.maximum(per_place, 0.0), np.log(passed[0] / LIGHTEST) * light)
    # Surveys seek the giants of a cluster out; the root gives them more than their share.
    return mass, np.sqrt(birth_weight(mass) * span)


def members(cluster: Cluster, count: int, rng: np.random.Generator, limits: Selection) -> Bodies:
    """Draw members of a cluster that a survey takes.

    Parameters
    ----------
    cluster
        Which.
    count
        How many at most; fewer where a candidate's magnitude or temperature is out of limits.
    rng, limits
        Source of all draws, and what the survey takes.

    Examples
    --------
    >>> drawn = members(CLUSTERS[0], 5, np.random.default_rng(0), Selection())
    >>> set(drawn.component.tolist()), float(np.ptp(drawn.fe_h))
    ({'M67'}, 0.0)
    """
    mass, weight = _masses(cluster, _CANDIDATES_PER_STAR * count + 100, rng)
    same = np.ones(len(mass))
    star = isochrone(cluster.age * same, cluster.fe_h * same, mass, cluster.alpha_fe)
    absolute = absolute_magnitudes(star.teff, cluster.fe_h * same, star.luminosity)
    magnitude = apparent_magnitudes(absolute, 1000 / cluster.parallax * same, cluster.a_v * same)
    seen = limits.takes(magnitude[:, 0], star.teff, star.logg, cluster.fe_h * same)
    seen &= star.phase != Phase.REMNANT
    mass = mass[weighted_choice(np.where(seen, weight, 0.0), count, rng)]
    return _placed(cluster, mass, rng)


def _placed(cluster: Cluster, mass: Array, rng: np.random.Generator) -> Bodies:
    """Scatter members around the cluster's centre and its motion."""
    count = len(mass)
    spread = np.clip(rng.standard_normal((3, count)), -3.0, 3.0) * cluster.radius / 1.18
    speed = cluster.dispersion * rng.standard_normal((3, count))
    middle = 1000.0 / cluster.parallax
    distance = middle * (1 + np.radians(spread[2]))
    scale = KM_S_PER_MAS_KPC * distance / 1000.0
    dec = cluster.dec + spread[1]
    same = np.ones(count)
    return Bodies(
        component=np.full(count, cluster.name),
        cluster=np.full(count, CLUSTERS.index(cluster)),
        birth=np.zeros(count, dtype=np.int64),
        age=cluster.age * same,
        fe_h=cluster.fe_h * same,
        alpha_fe=cluster.alpha_fe * same,
        mass=mass,
        ra=cluster.ra + spread[0] / np.cos(np.radians(dec)),
        dec=dec,
        distance=distance,
        pmra=cluster.pmra + speed[0] / scale,
        pmdec=cluster.pmdec + speed[1] / scale,
        rv=cluster.rv + speed[2],
        a_v=cluster.a_v * same,
    )


def cluster_stars(count: int, rng: np.random.Generator, limits: Selection) -> Bodies:
    """Draw about `count` members of all clusters, each cluster with its place as `birth`.

    Examples
    --------
    >>> drawn = cluster_stars(50, np.random.default_rng(0), Selection())
    >>> len(drawn) <= 50, len(set(drawn.cluster.tolist()))
    (True, 7)
    """
    total = sum(cluster.weight for cluster in CLUSTERS)
    lots = [members(one, int(count * one.weight / total), rng, limits) for one in CLUSTERS]
    for number, lot in enumerate(lots):
        lot.birth[:] = number
    return joined(lots)
