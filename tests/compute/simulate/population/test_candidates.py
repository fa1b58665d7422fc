"""Proposed stars are where and as bright as the isochrones say."""

from __future__ import annotations

import numpy as np
import pytest

from starledger.compute.simulate.population.candidates import candidates, weighted_choice
from starledger.compute.simulate.population.isochrones import age_along, isochrone
from starledger.compute.simulate.population.photometry import absolute_magnitudes


def test_interpolation_follows_the_isochrones() -> None:
    rng = np.random.default_rng(0)
    age, m_h = rng.uniform(0.5, 12.0, 3000), rng.uniform(-1.5, 0.3, 3000)
    drawn = candidates(age, m_h, rng)
    exact = np.where(drawn.place > 1, age_along(drawn.mass, m_h, drawn.place).age, age)
    assert np.median(np.abs(exact / age - 1)) < 0.02
    star = isochrone(exact, m_h, drawn.mass)
    magnitude = absolute_magnitudes(star.teff, m_h, star.luminosity)[:, 0]
    assert np.median(np.abs(magnitude - drawn.magnitude)) < 0.1


def test_giants_are_rare_by_number() -> None:
    rng = np.random.default_rng(0)
    drawn = candidates(np.full(20_000, 5.0), np.zeros(20_000), rng)
    giants = drawn.weight[drawn.place > 2].sum() / drawn.weight.sum()
    assert 0.003 < giants < 0.03


def test_choice_follows_the_weights() -> None:
    rng = np.random.default_rng(0)
    rows = weighted_choice(np.repeat([1.0, 3.0], 50_000), 2000, rng)
    assert len(np.unique(rows)) == 2000
    assert np.mean(rows >= 50_000) == pytest.approx(0.75, abs=0.03)
