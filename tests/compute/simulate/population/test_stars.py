"""The columns of the stars agree with one another."""

from __future__ import annotations

import numpy as np
import pytest

from starledger.compute.simulate.population.photometry import (
    BANDS,
    absolute_magnitudes,
    apparent_magnitudes,
)
from starledger.compute.simulate.population.stars import Stars, companion_rv, visit_rv
from starledger.compute.synthesis.labels import RANGES, SYNTHESIS_LABELS


def test_magnitudes_follow_parallax(stars: Stars) -> None:
    single = ~stars.companions.exists
    absolute = absolute_magnitudes(stars.label("teff"), stars.label("fe_h"), stars.luminosity)
    expected = apparent_magnitudes(absolute, 1000 / stars.parallax, stars.a_v)
    assert stars.magnitudes[single] == pytest.approx(expected[single], abs=1e-9)
    brighter = expected[~single] - stars.magnitudes[~single]
    assert np.all(brighter > 0)
    g_gain = 2.5 * np.log10(1 + stars.companions.flux_ratio[~single])
    assert brighter[:, 0] == pytest.approx(g_gain, abs=1e-6)


def test_labels_are_what_the_synthesis_takes(stars: Stars) -> None:
    assert stars.labels.shape == (len(stars), len(SYNTHESIS_LABELS))
    for name, (low, high) in RANGES.items():
        assert low <= stars.label(name).min()
        assert stars.label(name).max() <= high


def test_nothing_is_missing(stars: Stars) -> None:
    table = stars.to_table()
    for name in table.colnames:
        if table[name].dtype.kind == "f":
            assert np.isfinite(table[name]).all(), name
            assert table[name].dtype == np.float64
    assert len(table) == len(stars)
    assert {f"{band}_mag" for band in BANDS} <= set(table.colnames)


def test_single_stars_keep_their_velocity(stars: Stars) -> None:
    times = np.array([[57000.0, 57400.5, 58123.25]]).repeat(len(stars), axis=0)
    seen = visit_rv(stars, times)
    single = ~stars.companions.exists
    assert np.array_equal(seen[single], np.stack([stars.rv[single]] * 3, axis=1))
    fast = stars.companions.k1 > 30
    assert np.median(np.ptp(seen[fast], axis=1)) > 20
    both = companion_rv(stars, times)
    rows = stars.companions.exists
    drift = (seen - stars.rv[:, None])[rows] / stars.companions.mass_ratio[rows, None]
    assert both[rows] == pytest.approx(stars.rv[rows, None] - drift, abs=1e-6)


def test_sloan_r_is_near_gaia_g(stars: Stars) -> None:
    assert np.median(np.abs(stars.sloan().r - stars.magnitude("g"))) < 0.15
