from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starledger.catalog.calibrate.bases import Constant, NaturalSpline
from starledger.catalog.calibrate.evidence import Evidence
from starledger.catalog.calibrate.robust import NotDetermined, fit_linear
from starledger.catalog.calibrate.validation import validated
from tests.catalog.calibrate.made_up import SLOPE, evidence


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), outliers=st.sampled_from([0.0, 0.05, 0.15]))
def test_a_slope_is_found_within_its_error(seed: int, outliers: float) -> None:
    fit = fit_linear(SLOPE, evidence(400, seed, outliers))
    assert abs(fit.values[0] - 0.1) < 5 * np.sqrt(fit.covariance[0, 0]) + 1e-4


def test_errors_of_the_parameters_are_right() -> None:
    pulls = []
    for seed in range(100):
        fit = fit_linear(SLOPE, evidence(300, seed, scatter=0.05))
        pulls.append((fit.values[0] - 0.1) / np.sqrt(fit.covariance[0, 0]))
    assert 0.8 < np.std(pulls) < 1.2


def test_scatter_beyond_the_errors_is_found() -> None:
    fit = fit_linear(SLOPE, evidence(3000, 1, scatter=0.05))
    assert abs(fit.scatter - 0.05) < 0.005


def test_groups_have_constants_of_their_own() -> None:
    one = evidence(400, 1)
    group = np.arange(400) % 3
    shifted = Evidence(
        star_id=one.star_id, at=one.at, wanted=one.wanted + group, error=one.error, group=group
    )
    fit = fit_linear(SLOPE, shifted)
    assert abs(fit.values[0] - 0.1) < 0.01
    found = validated(SLOPE, fit, shifted)
    assert abs(found["after"]["median"]) < 0.005
    assert 0.85 < found["pull_width"] < 1.15


def test_what_a_sample_cannot_tell_is_refused() -> None:
    one = evidence(50, 1)
    same = Evidence(star_id=one.star_id, at=np.full((50, 1), 5000.0), wanted=one.wanted,
                    error=one.error)  # fmt: skip
    with pytest.raises(NotDetermined):
        fit_linear(NaturalSpline((4500.0, 5500.0, 6500.0)), same)
    # Pairs cannot tell a constant.
    pairs = Evidence(star_id=one.star_id, at=one.at, wanted=one.wanted, error=one.error,
                     partner_at=one.at[::-1], partner_star_id=one.star_id[::-1])  # fmt: skip
    with pytest.raises(NotDetermined):
        fit_linear(Constant(), pairs)
