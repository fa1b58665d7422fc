"""Abundances follow age, α and metallicity, so that one tells another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from starledger.compute.simulate.population.abundances import birth_abundances, surface_abundances
from starledger.compute.simulate.population.stars import Stars
from starledger.compute.simulate.population.tracks import Array
from starledger.compute.synthesis.elements import elements
from starledger.compute.synthesis.labels import ABUNDANCE_LABELS


def column(table: Array, name: str) -> Array:
    """One [X/Fe] of a table of abundances."""
    return np.asarray(table[:, ABUNDANCE_LABELS.index(name)])


def test_a_star_like_the_sun_is_solar() -> None:
    same = np.ones(4000)
    birth = birth_abundances(4.57 * same, 0 * same, 0 * same, np.random.default_rng(0))
    assert np.abs(birth[:, 1:].mean(axis=0)).max() < 0.01
    sun = surface_abundances(
        birth, age=4.57 * same, fe_h=0 * same, mass=same, teff=5772 * same, logg=4.44 * same
    )
    assert column(sun, "li_fe").mean() == pytest.approx(0.0, abs=0.7)
    assert np.abs(sun[:, 1:].mean(axis=0)).max() < 0.02


def test_magnesium_is_bimodal(stars: Stars) -> None:
    fe_h, mg_fe = stars.label("fe_h"), stars.label("mg_fe")
    counts, edges = np.histogram(mg_fe[(fe_h > -0.7) & (fe_h < -0.3)], np.arange(-0.1, 0.55, 0.05))
    middle = (edges[1:] + edges[:-1]) / 2
    valley = counts[(middle > 0.12) & (middle < 0.24)].min()
    assert counts[middle < 0.15].max() > 1.5 * valley
    assert counts[middle > 0.2].max() > 1.5 * valley


@pytest.mark.parametrize(("over", "at_least"), [("y_fe", 0.8), ("ba_fe", 0.8), ("ce_fe", 0.8)])
def test_s_process_is_a_clock(stars: Stars, over: str, at_least: float) -> None:
    thin = stars.component == "thin"
    ratio = stars.label(over)[thin] - stars.label("mg_fe")[thin]
    assert spearmanr(ratio, stars.age[thin]).statistic < -at_least


def test_slope_of_the_yttrium_clock(stars: Stars) -> None:
    solar = (stars.component == "thin") & (np.abs(stars.label("fe_h")) < 0.1)
    ratio = (stars.label("y_fe") - stars.label("mg_fe"))[solar]
    # Nissen (2015): -0.037 to -0.04 dex per Gyr.
    assert np.polyfit(stars.age[solar], ratio, 1)[0] == pytest.approx(-0.037, abs=0.008)


def test_one_element_tells_another(stars: Stars) -> None:
    field = stars.cluster < 0
    for one, other in (
        ("mg_fe", "eu_fe"),
        ("mg_fe", "o_fe"),
        ("ba_fe", "la_fe"),
        ("mn_fe", "cu_fe"),
    ):
        assert spearmanr(stars.label(one)[field], stars.label(other)[field]).statistic > 0.6


def test_odd_elements_follow_metallicity(stars: Stars) -> None:
    for name in ("mn_fe", "cu_fe"):
        assert spearmanr(stars.label(name), stars.label("fe_h")).statistic > 0.7


def test_dredge_up_tells_the_mass_of_giants(stars: Stars) -> None:
    c_n = stars.label("c_fe") - stars.label("n_fe")
    logg, fe_h = stars.label("logg"), stars.label("fe_h")
    giants = (logg > 2.5) & (logg < 3.1) & (np.abs(fe_h) < 0.3)
    dwarfs = (logg > 4.0) & (np.abs(fe_h) < 0.3)
    assert spearmanr(c_n[giants], stars.mass[giants]).statistic < -0.8
    assert np.median(c_n[giants]) < np.median(c_n[dwarfs]) - 0.15


def test_some_old_stars_have_lost_oxygen_for_sodium() -> None:
    many = np.ones(3000)
    rng = np.random.default_rng(0)
    old = birth_abundances(12 * many, -1.5 * many, 0.3 * many, rng)
    enriched = column(old, "na_fe") > 0.25
    assert 0.01 < enriched.mean() < 0.08
    assert column(old, "o_fe")[enriched].mean() < column(old, "o_fe")[~enriched].mean() - 0.2


def test_lithium_plateau() -> None:
    many = np.ones(100)
    birth = birth_abundances(12 * many, -2 * many, 0.3 * many, np.random.default_rng(0))
    dwarf = surface_abundances(
        birth, age=12 * many, fe_h=-2 * many, mass=0.75 * many, teff=6200 * many, logg=4.4 * many
    )
    assert np.median(column(dwarf, "li_fe") + 1.05 - 2.0) == pytest.approx(2.1, abs=0.2)


@given(
    mass=st.floats(0.7, 5.0),
    logg=st.floats(0.0, 5.0),
    fe_h=st.floats(-2.5, 0.5),
    age=st.floats(0.1, 13),
)
def test_mixing_keeps_carbon_and_nitrogen(
    mass: float, logg: float, fe_h: float, age: float
) -> None:
    one = np.ones(1)
    birth = birth_abundances(age * one, fe_h * one, 0.1 * one, np.random.default_rng(0))
    mixed = surface_abundances(
        birth, age=age * one, fe_h=fe_h * one, mass=mass * one, teff=5000 * one, logg=logg * one
    )
    solar = {element.symbol: element.solar for element in elements()}

    def atoms(table: Array) -> float:
        carbon = 10 ** (column(table, "c_fe") + solar["C"])
        return float((carbon + 10 ** (column(table, "n_fe") + solar["N"]))[0])

    assert atoms(mixed) == pytest.approx(atoms(birth))
    assert column(mixed, "c_fe")[0] <= column(birth, "c_fe")[0]
    assert np.isfinite(mixed).all()
