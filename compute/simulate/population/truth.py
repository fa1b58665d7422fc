"""Draw the stars of a simulated survey, with all that is true of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from starledger.compute.simulate.population.abundances import birth_abundances, surface_abundances
from starledger.compute.simulate.population.binaries import Companions, draw_companions
from starledger.compute.simulate.population.bodies import Bodies, Integers, joined
from starledger.compute.simulate.population.clusters import CLUSTERS, cluster_stars
from starledger.compute.simulate.population.identifiers import gaia_ids, twomass_ids
from starledger.compute.simulate.population.isochrones import SOLAR_TEFF, StellarPoint, isochrone
from starledger.compute.simulate.population.photometry import (
    absolute_magnitudes,
    added_magnitudes,
    apparent_magnitudes,
)
from starledger.compute.simulate.population.population import DEFAULT_SHARES, field_stars
from starledger.compute.simulate.population.selection import Selection
from starledger.compute.simulate.population.stars import Stars
from starledger.compute.simulate.population.tracks import Array
from starledger.compute.simulate.population.turbulence import line_motions
from starledger.compute.simulate.population.wide_pairs import wide_pairs
from starledger.compute.synthesis.labels import ABUNDANCE_LABELS, SYNTHESIS_LABELS, label_index

_KEPT = (
    *("cluster", "birth", "ra", "dec", "pmra", "pmdec", "distance", "rv"),
    *("age", "mass", "alpha_fe", "a_v"),
)
"""Columns of the bodies that the stars have as they are."""


@dataclass(frozen=True)
class Mixture:
    """How many stars are of what kind, each a share of 0 to 1.

    Parameters
    ----------
    clusters
        Of all stars, members of open clusters.
    wide
        Of all stars, those in wide pairs, both components counted.
    binaries
        Of all stars, those with an unresolved companion.
    field
        Of the stars of the field, by component.
    """

    clusters: float = 0.05
    wide: float = 0.10
    binaries: float = 0.35
    field: Mapping[str, float] = field(default_factory=lambda: DEFAULT_SHARES)


class _Gathered(NamedTuple):
    bodies: Bodies
    partner: Integers


def draw_stars(
    n: int, seed: int, *, limits: Selection | None = None, mixture: Mixture | None = None
) -> Stars:
    """Draw stars; the same arguments give the same stars, to the bit.

    Parameters
    ----------
    n
        How many.
    seed
        Of all draws.
    limits
        What the survey takes; by default G from 9 to 17.8 and declinations from −10 to 60 degrees.
    mixture
        How many are of what kind.

    Returns
    -------
    Stars
        `n` stars in random order.

    Examples
    --------
    >>> stars = draw_stars(1000, seed=1)
    >>> len(stars), len(np.unique(stars.gaia_dr3_source_id))
    (1000, 1000)
    """
    limits, mixture = limits or Selection(), mixture or Mixture()
    # One stream a step: a change of one step leaves the draws of the others alone.
    streams = np.random.default_rng(seed).spawn(6)
    bodies, partner = _gathered(n, limits, mixture, streams[0], streams[1])
    point = isochrone(bodies.age, bodies.fe_h, bodies.mass, bodies.alpha_fe)
    companions = draw_companions(bodies, point, mixture.binaries, streams[2])
    labels = _labels(bodies, point, streams[3], streams[4])
    gaia = gaia_ids(bodies.ra, bodies.dec, streams[5])
    return Stars(
        number=np.arange(n),
        component=bodies.component.astype("U16"),
        wide_partner=partner,
        gaia_dr3_source_id=gaia.dr3,
        gaia_dr2_source_id=gaia.dr2,
        apogee_id=twomass_ids(bodies.ra, bodies.dec, bodies.pmra, bodies.pmdec),
        parallax=1000.0 / bodies.distance,
        radius=point.radius,
        luminosity=point.luminosity,
        phase=point.phase,
        labels=labels,
        magnitudes=_magnitudes(bodies, point, companions),
        companions=companions,
        **{name: getattr(bodies, name) for name in _KEPT},
    )


def _gathered(
    n: int,
    limits: Selection,
    mixture: Mixture,
    rng: np.random.Generator,
    order: np.random.Generator,
) -> _Gathered:
    """Draw field, clusters and wide partners and shuffle them, remembering who is whose partner."""
    clusters = cluster_stars(int(n * mixture.clusters), rng, limits)
    lone = field_stars(n - len(clusters), rng, limits, mixture.field)
    lone = lone.take(order.permutation(len(lone)))
    lone = replace(lone, birth=np.arange(len(lone)) + len(CLUSTERS))
    pairs = wide_pairs(lone, int(n * mixture.wide / 2), rng, limits)
    # Each partner takes the place of a star without one, so that there are n stars in all.
    alone = np.setdiff1d(np.arange(len(lone)), pairs.primaries)
    kept = np.sort(np.concatenate([alone[len(pairs.primaries) :], pairs.primaries]))
    bodies = joined([lone.take(kept), clusters, pairs.partners])
    partner = np.full(n, -1)
    first, second = np.searchsorted(kept, pairs.primaries), np.arange(n - len(pairs.primaries), n)
    partner[first], partner[second] = second, first
    shuffled = order.permutation(n)
    place = np.empty(n, dtype=np.int64)
    place[shuffled] = np.arange(n)
    partner = np.where(partner >= 0, place[partner], -1)[shuffled]
    return _Gathered(bodies.take(shuffled), partner)


def _labels(
    bodies: Bodies,
    point: StellarPoint,
    chemistry: np.random.Generator,
    motion: np.random.Generator,
) -> Array:
    """Make the label matrix; what was born together gets the same draw of the scatter."""
    _, first, cloud = np.unique(bodies.birth, return_index=True, return_inverse=True)
    birth = birth_abundances(
        bodies.age[first], bodies.fe_h[first], bodies.alpha_fe[first], chemistry
    )
    labels = np.empty((len(bodies), len(SYNTHESIS_LABELS)))
    moving = line_motions(point.teff, point.logg, bodies.age, motion)
    for name, column in (
        ("teff", point.teff),
        ("logg", point.logg),
        ("vmic", moving.vmic),
        ("vmac", moving.vmac),
        ("vsini", moving.vsini),
        ("fe_h", bodies.fe_h),
    ):
        labels[:, label_index(name)] = column
    labels[:, label_index(ABUNDANCE_LABELS[0]) :] = surface_abundances(
        birth[cloud],
        age=bodies.age,
        fe_h=bodies.fe_h,
        mass=bodies.mass,
        teff=point.teff,
        logg=point.logg,
    )
    return labels


def _magnitudes(bodies: Bodies, point: StellarPoint, companions: Companions) -> Array:
    """Add the light of unresolved companions and put all behind the dust."""
    light = absolute_magnitudes(point.teff, bodies.fe_h, point.luminosity)
    rows = companions.exists
    second = absolute_magnitudes(
        companions.teff[rows],
        bodies.fe_h[rows],
        (companions.radius_ratio[rows] * point.radius[rows]) ** 2
        * (companions.teff[rows] / SOLAR_TEFF) ** 4,
    )
    light[rows] = added_magnitudes(light[rows], second)
    return apparent_magnitudes(light, bodies.distance, bodies.a_v)
