from __future__ import annotations

import numpy as np
import pytest

from starledger.catalog.quality.polynomials import Polynomial, Typical, least_deviations, monomials


def some_rows(n: int = 3000) -> tuple[np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(3)
    return rng.uniform([20, 4500, -2], [300, 7000, 0.5], (n, 3)), rng


def test_there_are_twenty_products_of_three_variables() -> None:
    assert monomials(np.ones((2, 3))).shape == (2, 20)


def test_a_cubic_is_found_under_a_third_of_outliers() -> None:
    variables, rng = some_rows()
    snr, teff, fe_h = variables.T
    truth = 1 + (snr / 300) ** 3 + (teff - 5700) * fe_h / 5000
    values = truth + rng.normal(0, 0.02, len(truth))
    values[::3] += rng.exponential(50.0, len(values[::3]))
    clean = np.arange(len(truth)) % 3 > 0
    off = np.abs(Polynomial.median(variables, values)(variables) - truth)[clean]
    assert np.median(off) < 0.02
    assert np.percentile(off, 95) < 0.05


def test_the_ratio_is_a_standard_normal_where_the_noise_is() -> None:
    variables, rng = some_rows(6000)
    spread = 0.1 + variables[:, 0] / 1000
    values = 3 + spread * rng.normal(0, 1, len(spread))
    ratio = Typical.of(variables, values).ratio(variables, values)
    assert np.median(ratio) == pytest.approx(0, abs=0.05)
    assert np.std(ratio) == pytest.approx(1, abs=0.08)
    faint = variables[:, 0] < 80
    assert np.std(ratio[faint]) == pytest.approx(np.std(ratio[~faint]), rel=0.12)


def test_beyond_the_sample_the_value_at_its_end_holds() -> None:
    variables, _ = some_rows()
    found = Polynomial.median(variables, variables[:, 0] ** 2)
    far, end = np.array([[1e6, 6000, 0.0]]), np.array([[300.0, 6000, 0.0]])
    assert found(far) == pytest.approx(found(end))


def test_a_constant_is_no_trouble() -> None:
    variables, _ = some_rows(200)
    typical = Typical.of(variables, np.full(200, 5.0))
    assert typical.ratio(variables, np.full(200, 5.0)) == pytest.approx(0, abs=1e-3)
    assert least_deviations(np.ones((3, 1)), np.zeros(3)) == pytest.approx(0)
