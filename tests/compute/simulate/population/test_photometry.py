"""Magnitudes and colours of normal stars."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from starledger.compute.simulate.population.photometry import (
    BANDS,
    EXTINCTION,
    absolute_magnitudes,
    added_magnitudes,
    apparent_magnitudes,
    bolometric_correction,
    sloan_magnitudes,
)


def test_sun() -> None:
    sun = dict(zip(BANDS, absolute_magnitudes(*np.array([[5772.0], [0.0], [1.0]]))[0], strict=True))
    # Willmer (2018); Casagrande & VandenBerg (2018).
    assert sun["g"] == pytest.approx(4.67, abs=0.03)
    assert sun["bp"] - sun["rp"] == pytest.approx(0.82, abs=0.02)
    assert sun["ks"] == pytest.approx(3.27, abs=0.05)


def test_hotter_is_bluer_in_all_colours() -> None:
    teff = np.linspace(3600, 7900, 100)
    g, bp, rp, j, _h, ks = absolute_magnitudes(teff, np.zeros(100), np.ones(100)).T
    for colour in (bp - rp, g - rp, g - ks):
        assert np.all(np.diff(colour) < 0)
    # In the near infrared M stars are no redder than K7 ones.
    assert np.all(np.diff((j - ks)[teff > 4100]) < 0)


def test_bolometric_correction_has_no_step() -> None:
    below, above = bolometric_correction(np.array([3999.9, 4000.1]))
    assert below == pytest.approx(above, abs=0.01)


def test_red_clump_is_a_standard_candle() -> None:
    clump = absolute_magnitudes(np.array([4780.0]), np.array([0.0]), np.array([54.0]))[0]
    # Ruiz-Dern et al. (2018): M_Ks = -1.61, M_G = 0.50.
    assert clump[BANDS.index("ks")] == pytest.approx(-1.6, abs=0.15)
    assert clump[BANDS.index("g")] == pytest.approx(0.5, abs=0.15)


def test_distance_and_dust_dim() -> None:
    dim = apparent_magnitudes(np.zeros((1, 6)), np.array([1000.0]), np.array([2.0]))[0]
    assert dim[0] == pytest.approx(10.0 + 2 * EXTINCTION["g"])
    assert dim[1] - dim[2] == pytest.approx(0.9, abs=0.02)


@given(st.floats(0, 25), st.floats(0, 25))
def test_light_adds(one: float, other: float) -> None:
    both = added_magnitudes(np.array(one), np.array(other))
    assert 10 ** (-0.4 * both) == pytest.approx(10 ** (-0.4 * one) + 10 ** (-0.4 * other))


def test_sloan_colour_of_the_sun() -> None:
    sloan = sloan_magnitudes(absolute_magnitudes(*np.array([[5772.0], [0.0], [1.0]])))
    assert (sloan.g - sloan.r)[0] == pytest.approx(0.45, abs=0.05)
    assert (sloan.r - sloan.i)[0] == pytest.approx(0.12, abs=0.05)
