"""What stars are made of: abundances at birth and what mixing makes of them later.

Every element follows [Fe/H], [α/Fe] and age through few channels, so that abundances predict one
another: a model that learns from such stars can tell an element without ever looking at its lines,
as it can in the sky. The slopes stand in ``enrichment.csv``.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from starledger.compute.simulate.population.tracks import Array
from starledger.compute.synthesis.elements import elements
from starledger.compute.synthesis.labels import ABUNDANCE_LABELS

SOLAR_AGE = 4.57
"""Age of the Sun in Gyr: a star of this age with solar [Fe/H] and [α/Fe] is solar in all."""

SECOND_GENERATION_SHARE = 0.04
"""Share of metal-poor halo stars that come from globular clusters and have their Na–O pattern."""

_SOLAR_LITHIUM = 1.05


@cache
def _enrichment() -> dict[str, Array]:
    """Columns of the table, in the order of `ABUNDANCE_LABELS`; empty is NaN."""
    folder = files("starledger.compute.simulate.population")
    text = folder.joinpath("enrichment.csv").read_text("utf-8")
    rows = {
        f"{row['element'].lower()}_fe": row
        for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    }
    return {
        key: np.array([float(rows[name][key] or "nan") for name in ABUNDANCE_LABELS])
        for key in ("alpha", "metallicity", "curvature", "s_share", "heavy", "scatter")
    }


def _column(name: str) -> int:
    return ABUNDANCE_LABELS.index(name)


def birth_abundances(age: Array, fe_h: Array, alpha_fe: Array, rng: np.random.Generator) -> Array:
    """Draw [X/Fe] of the clouds of which stars were born.

    Parameters
    ----------
    age, fe_h, alpha_fe
        In Gyr and dex; one per cloud.
    rng
        Source of the scatter.

    Returns
    -------
    Array
        Clouds × `ABUNDANCE_LABELS`, in dex. Lithium is what a cloud has, before stars burn it.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> made = birth_abundances(np.array([4.6]), np.array([0.0]), np.array([0.0]), rng)
    >>> bool(np.abs(made[0, 1:]).max() < 0.2)
    True
    """
    table = _enrichment()
    clouds = len(age)
    metals = np.clip(fe_h, -2.5, 0.5)[:, None]
    made = table["alpha"] * alpha_fe[:, None] + metals * (
        table["metallicity"] + table["curvature"] * metals
    )
    captured = np.isfinite(table["s_share"])
    made[:, captured] = _neutron_capture(age, fe_h, alpha_fe, rng)
    made += table["scatter"] * rng.standard_normal(made.shape)
    old = (fe_h < -0.9) & (rng.random(clouds) < SECOND_GENERATION_SHARE)
    made += old[:, None] * _second_generation(rng.random(clouds))
    made[:, _column("li_fe")] = _birth_lithium(fe_h, made[:, _column("li_fe")])
    return np.asarray(made)


def _neutron_capture(age: Array, fe_h: Array, alpha_fe: Array, rng: np.random.Generator) -> Array:
    """[X/Fe] of the elements beyond the iron peak, from a slow and a rapid process."""
    table = _enrichment()
    share = table["s_share"][np.isfinite(table["s_share"])]
    heavy = table["heavy"][np.isfinite(table["s_share"])]
    younger = SOLAR_AGE - age
    slow_scatter, rapid_scatter = rng.standard_normal((2, len(age)))
    # Fewer seeds per neutron at low metallicity push the s-process to the heavy peak, until there
    # are too few seeds at all.
    poor = np.minimum(fe_h + 1.0, 0.0)
    light_slow = 0.028 * younger - 0.05 * fe_h + 0.4 * poor
    heavy_slow = 0.034 * younger - 0.16 * np.maximum(fe_h, -1.0) + 0.6 * poor
    slow = np.where(heavy > 0, heavy_slow[:, None], light_slow[:, None])
    slow = slow + 0.04 * slow_scatter[:, None]
    spread = np.where(fe_h < -1.5, 0.2, 0.03)
    rapid = (1.2 * alpha_fe + spread * rapid_scatter)[:, None]
    return np.asarray(np.log10(share * 10**slow + (1 - share) * 10**rapid))


def _second_generation(strength: Array) -> Array:
    """Return the marks of an earlier star's hot bottom: O lost and Na won, C to N, Mg to Al."""
    change = np.zeros(len(ABUNDANCE_LABELS))
    for name, shift in (
        ("o_fe", -0.5),
        ("na_fe", 0.5),
        ("c_fe", -0.35),
        ("n_fe", 0.9),
        ("al_fe", 0.6),
        ("mg_fe", -0.12),
    ):
        change[_column(name)] = shift
    return np.asarray((0.3 + 0.7 * strength)[:, None] * change)


def _birth_lithium(fe_h: Array, scatter: Array) -> Array:
    """[Li/Fe] of a cloud: the plateau of old stars, rising to that of meteorites."""
    amount = np.where(fe_h < -0.8, 2.2, np.interp(fe_h, [-0.8, 0.0], [2.2, 3.26]))
    return np.asarray(amount + scatter - _SOLAR_LITHIUM - fe_h)


def surface_abundances(
    birth: Array, *, age: Array, fe_h: Array, mass: Array, teff: Array, logg: Array
) -> Array:
    """Return [X/Fe] at the surface, after the star has mixed it.

    Parameters
    ----------
    birth
        Stars × `ABUNDANCE_LABELS` from `birth_abundances`, in dex.
    age, fe_h, mass, teff, logg
        In Gyr, dex, solar masses, K and dex(cm/s2).

    Notes
    -----
    The first dredge-up turns carbon into nitrogen, the more the heavier the star; above the bump
    of the giant branch metal-poor stars go on. Their sum is kept. Stars above 1.5 solar masses gain
    sodium. Lithium burns with age in cool dwarfs, around 6600 K, and in giants.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> one = np.ones(1)
    >>> birth = birth_abundances(4 * one, 0 * one, 0 * one, rng)
    >>> star = {"age": 4 * one, "fe_h": 0 * one, "mass": 1.3 * one, "teff": 4700 * one}
    >>> giant = surface_abundances(birth, logg=2.5 * one, **star)
    >>> bool(giant[0, ABUNDANCE_LABELS.index("c_fe")] < birth[0, ABUNDANCE_LABELS.index("c_fe")])
    True
    """
    surface = birth.copy()
    mixed = 1 / (1 + np.exp((logg - 3.4) / 0.08))
    excess = np.clip(mass, 0.8, 2.5) - 0.8
    past_bump = 1 / (1 + np.exp((logg - 2.4) / 0.06)) * np.clip(-fe_h, 0.0, 2.0)
    loss = mixed * (0.03 + 0.16 * excess) + 0.18 * past_bump
    _burn_carbon(surface, loss)
    surface[:, _column("na_fe")] += mixed * 0.12 * np.clip(mass - 1.5, 0.0, 1.5)
    surface[:, _column("li_fe")] -= _lithium_loss(age, fe_h, teff, logg, mixed)
    return surface


def _burn_carbon(surface: Array, loss: Array) -> None:
    """Lower [C/Fe] by `loss` dex and add the atoms to nitrogen."""
    solar = {element.symbol: element.solar for element in elements()}
    carbon, nitrogen = _column("c_fe"), _column("n_fe")
    before = 10 ** (surface[:, carbon] + solar["C"])
    after = before * 10**-loss
    gained = 10 ** (surface[:, nitrogen] + solar["N"]) + before - after
    surface[:, carbon] -= loss
    surface[:, nitrogen] = np.log10(gained) - solar["N"]


def _lithium_loss(
    age: Array, fe_h: Array, teff: Array, logg: Array, mixed: Array
) -> NDArray[np.float64]:
    """Depletion of lithium in dex; of the Sun some 2.2."""
    # The convection of metal-poor dwarfs reaches deep only in cooler ones: hence their plateau.
    deep = 6250.0 + 350.0 * np.clip(fe_h, -1.5, 0.0)
    cool = np.clip((deep - teff) / 320.0, 0.0, 3.5) * np.sqrt(np.clip(age, 0.05, 5.0) / 2.1)
    gap = 1.5 * np.exp(-0.5 * ((teff - 6600.0) / 120.0) ** 2) * np.clip(age, 0.0, 1.0)
    subgiant = 0.8 / (1 + np.exp((logg - 3.8) / 0.08))
    return np.asarray(np.where(mixed > 0.5, 2.3 + mixed, np.minimum(cool + gap + subgiant, 3.2)))
