"""Stars of the field: thin disk, thick disk and halo as a survey limited in magnitude sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from starledger.compute.simulate.population.bodies import Bodies, joined
from starledger.compute.simulate.population.candidates import candidates, weighted_choice
from starledger.compute.simulate.population.dust import extinction
from starledger.compute.simulate.population.galaxy import (
    CIRCULAR_SPEED,
    SUN_RADIUS,
    place_in_galaxy,
    seen_motion,
)
from starledger.compute.simulate.population.isochrones import (
    Phase,
    age_along,
    isochrone,
    total_metallicity,
)
from starledger.compute.simulate.population.photometry import (
    absolute_magnitudes,
    apparent_magnitudes,
)
from starledger.compute.simulate.population.selection import Selection
from starledger.compute.simulate.population.tracks import Array
from starledger.schema.errors import StarledgerError

METALLICITY_GRADIENT = -0.06
"""Of the thin disk with the distance from the axis, in dex per kpc."""

_CANDIDATES_PER_STAR = 12
_OLDEST = 13.5

DEFAULT_SHARES: Mapping[str, float] = MappingProxyType({"thin": 0.70, "thick": 0.22, "halo": 0.08})
"""Share of each component among the stars of the field; the halo is given more than its due."""


class NoSuchStars(StarledgerError):
    """The limits of the survey leave no star of a component."""


class _Nature(NamedTuple):
    """Age, [Fe/H] and [α/Fe] of candidates; the halo's are accreted or not."""

    age: Array
    fe_h: Array
    alpha_fe: Array
    accreted: NDArray[np.bool_]

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> _Nature:
        return _Nature(self.age[rows], self.fe_h[rows], self.alpha_fe[rows], self.accreted[rows])


def _thin(count: int, rng: np.random.Generator) -> _Nature:
    age = 0.1 + 9.4 * rng.random(count) ** 1.15
    spread = 0.08 + 0.015 * age
    fe_h = 0.02 - 0.014 * (age - 4.57) + spread * rng.standard_normal(count)
    alpha = 0.012 * (age - 4.57) - 0.10 * fe_h + 0.02 * rng.standard_normal(count)
    return _Nature(age, fe_h, alpha, np.zeros(count, dtype=bool))


def _richer_inward(nature: _Nature, radius: Array) -> _Nature:
    """Give thin-disk stars, drawn as they are near the Sun, the metallicities of their radii."""
    shift = METALLICITY_GRADIENT * (radius - SUN_RADIUS)
    return nature._replace(fe_h=nature.fe_h + shift, alpha_fe=nature.alpha_fe - 0.1 * shift)


def _thick(count: int, rng: np.random.Generator) -> _Nature:
    fe_h = -0.55 + 0.26 * rng.standard_normal(count)
    age = np.clip(10.2 - 1.6 * (fe_h + 0.55) + 0.7 * rng.standard_normal(count), 8.0, 12.8)
    alpha = 0.27 - 0.14 * np.clip(fe_h + 0.55, -0.5, 1.0) + 0.025 * rng.standard_normal(count)
    return _Nature(age, fe_h, alpha, np.zeros(count, dtype=bool))


def _halo(count: int, rng: np.random.Generator) -> _Nature:
    accreted = rng.random(count) < 0.6
    scatter = rng.standard_normal((3, count))
    fe_h = np.where(accreted, -1.25 + 0.32 * scatter[0], -1.6 + 0.45 * scatter[0])
    age = np.clip(np.where(accreted, 11.3, 12.3) + 0.6 * scatter[1], 9.5, 13.0)
    # Stars of a dwarf galaxy reached their iron slowly and so have less α for it.
    alpha = np.where(accreted, 0.20 - 0.20 * np.clip(fe_h + 1.2, -0.8, 1.0), 0.33)
    return _Nature(age, fe_h, alpha + 0.035 * scatter[2], accreted)


_NATURES = {"thin": _thin, "thick": _thick, "halo": _halo}


def _density(component: str, radius: Array, height: Array, nature: _Nature) -> Array:
    """Return the number density of stars of this age and metallicity, in units of its own."""
    if component == "halo":
        return np.asarray(((radius**2 + (height / 0.7) ** 2 + 1.0) / 65.0) ** -1.4)
    if component == "thick":
        return np.exp(-(radius - SUN_RADIUS) / 2.2 - np.abs(height) / 0.85)
    scale = 0.1 + 0.035 * nature.age
    fall = (radius - SUN_RADIUS) / 2.6 + np.abs(height) / scale
    return np.asarray(np.exp(-fall) / scale)


def _speeds(
    component: str, nature: _Nature, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Velocities outward, along the rotation and upward in km/s; hotter groups lag more."""
    out, along, up = rng.standard_normal((3, len(nature.age)))
    if component == "thin":
        heat = ((nature.age + 0.3) / 5.0) ** 0.4
        lag = (34.0 * heat) ** 2 / 80.0
        return 34.0 * heat * out, CIRCULAR_SPEED - lag + 22.0 * heat * along, 17.0 * heat * up
    if component == "thick":
        return 65.0 * out, CIRCULAR_SPEED - 45.0 + 45.0 * along, 40.0 * up
    # What came with a dwarf galaxy still plunges through the middle.
    radial = np.where(nature.accreted, 170.0, 140.0)
    return radial * out, np.where(nature.accreted, 60.0, 100.0) * along, 85.0 * up


class _Seen(NamedTuple):
    """Candidates of one component that survive the limits."""

    nature: _Nature
    mass: Array
    ra: Array
    dec: Array
    distance: Array
    a_v: Array


def _look(component: str, count: int, limits: Selection, rng: np.random.Generator) -> _Seen:
    """Propose stars, keep the likeliest twice `count`, and of these what the survey sees."""
    nature = _NATURES[component](_CANDIDATES_PER_STAR * count + 200, rng)
    proposed = candidates(nature.age, total_metallicity(nature.fe_h, nature.alpha_fe), rng)
    pool = len(proposed.mass)
    ra = 360.0 * rng.random(pool)
    low, high = np.sin(np.radians([limits.south, limits.north]))
    dec = np.degrees(np.arcsin(low + (high - low) * rng.random(pool)))
    apparent = limits.bright + (limits.faint - limits.bright) * rng.random(pool)
    distance = 10 ** (1.0 + 0.2 * (apparent - proposed.magnitude))
    radius, height, _ = place_in_galaxy(ra, dec, distance)
    if component == "thin":
        nature = _richer_inward(nature, radius)
    weight = proposed.weight * _density(component, radius, height, nature) * distance**3
    # Surveys do not take stars as the sky has them: the faint ones, by far the most, are thinned.
    weight *= 10 ** (-0.3 * (apparent - limits.bright))
    rows = weighted_choice(weight, 2 * count + 50, rng)
    nature = nature.take(rows)
    return _exact(
        nature,
        proposed.mass[rows],
        proposed.place[rows],
        ra[rows],
        dec[rows],
        distance[rows],
        limits,
        rng,
    )


def _exact(
    nature: _Nature,
    mass: Array,
    place: Array,
    ra: Array,
    dec: Array,
    distance: Array,
    limits: Selection,
    rng: np.random.Generator,
) -> _Seen:
    """Replace what was interpolated by what the isochrones say, and apply the limits."""
    along = age_along(mass, total_metallicity(nature.fe_h, nature.alpha_fe), np.maximum(place, 1.0))
    nature = nature._replace(age=np.where(place > 1.0, along.age, nature.age))
    star = isochrone(nature.age, nature.fe_h, mass, nature.alpha_fe)
    # Real dust is clumpy.
    a_v = extinction(ra, dec, distance) * np.exp(0.15 * rng.standard_normal(len(mass)))
    absolute = absolute_magnitudes(star.teff, nature.fe_h, star.luminosity)
    magnitude = apparent_magnitudes(absolute, distance, a_v)[:, 0]
    kept = limits.takes(magnitude, star.teff, star.logg, nature.fe_h)
    kept &= (star.phase != Phase.REMNANT) & (nature.age < _OLDEST) & (nature.age > 0.05)
    return _Seen(
        nature.take(kept),
        *(column[kept] for column in (mass, ra, dec, distance, a_v)),
    )


def _component(component: str, count: int, limits: Selection, rng: np.random.Generator) -> Bodies:
    """Draw exactly `count` stars of one component."""
    lots: list[Bodies] = []
    missing = count
    while missing > 0:
        seen = _look(component, missing, limits, rng)
        if not len(seen.mass):
            raise NoSuchStars(
                f"No {component} star among {_CANDIDATES_PER_STAR * missing + 200} candidates is "
                f"within the limits {limits}.",
                remedy="Widen the limits, or give this component no share.",
            )
        nature = seen.nature
        where = (seen.ra, seen.dec, seen.distance)
        motion = seen_motion(*where, *_speeds(component, nature, rng))
        lot = Bodies(
            component=np.full(len(seen.mass), component),
            cluster=np.full(len(seen.mass), -1),
            birth=np.arange(len(seen.mass)),
            age=nature.age,
            fe_h=nature.fe_h,
            alpha_fe=nature.alpha_fe,
            mass=seen.mass,
            ra=seen.ra,
            dec=seen.dec,
            distance=seen.distance,
            pmra=motion.pmra,
            pmdec=motion.pmdec,
            rv=motion.rv,
            a_v=seen.a_v,
        )
        lots.append(lot.take(np.arange(min(missing, len(lot)))))
        missing -= len(lots[-1])
    return joined(lots)


def field_stars(
    count: int,
    rng: np.random.Generator,
    limits: Selection = Selection(),  # noqa: B008 -- it is frozen
    shares: Mapping[str, float] = DEFAULT_SHARES,
) -> Bodies:
    """Draw stars of the field that a survey takes.

    Parameters
    ----------
    count
        How many.
    rng
        Source of all draws.
    limits
        What the survey takes.
    shares
        Share of ``thin``, ``thick`` and ``halo`` stars; they are scaled to a sum of 1.

    Returns
    -------
    Bodies
        One component after the other. Each star has a cloud of birth of its own.

    Examples
    --------
    >>> stars = field_stars(20, np.random.default_rng(0))
    >>> len(stars), sorted(set(stars.component.tolist()))
    (20, ['halo', 'thick', 'thin'])
    """
    total = sum(shares.values())
    counts = {name: int(count * share / total) for name, share in shares.items()}
    counts[max(counts, key=lambda name: counts[name])] += count - sum(counts.values())
    stars = joined([_component(name, counts[name], limits, rng) for name in counts if counts[name]])
    return replace(stars, birth=np.arange(len(stars)))
