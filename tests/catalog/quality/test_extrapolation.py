from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import gaussian_kde

from starledger.catalog.quality.extrapolation import _share_above, trusted_range


def sample(n: int = 800) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    truth = rng.uniform(-2.0, 0.5, n)
    return truth, truth + rng.normal(0, 0.1, n)


def test_a_model_that_recovers_is_trusted_over_its_sample() -> None:
    truth, found = sample()
    assert trusted_range(truth, found, 0.9) == pytest.approx((found.min(), found.max()), abs=0.15)


def test_where_a_model_saturates_it_is_not_trusted() -> None:
    truth, found = sample()
    # Poorer stars all come out near -1, some of them a little poorer.
    low, high = trusted_range(truth, np.where(found < -1, -1 + 0.1 * (found + 1), found), 0.9)
    assert -1.1 < low < -0.8
    assert high > 0.3


def test_the_density_is_that_of_scipy_with_silvermans_rule() -> None:
    truth, found = sample(200)
    kernel = gaussian_kde(np.stack([truth, found]), bw_method="silverman")
    grid = np.linspace(-1.5, 0.2, 5)
    fine = np.linspace(-4, 3, 30_001)
    above = []
    for at in grid:
        density = kernel(np.stack([fine, np.full_like(fine, at)]))
        above.append(density[fine > at].sum() / density.sum())
    assert _share_above(truth, found, grid) == pytest.approx(np.array(above), abs=2e-3)
