"""The fits by themselves, on made-up evidence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starledger.catalog.calibrate.bases import Constant, NaturalSpline, Polynomial
from starledger.catalog.calibrate.error_scale import fit_scale, validated_scale
from starledger.catalog.calibrate.evidence import Evidence, in_order, sha256_of
from starledger.catalog.calibrate.robust import NotDetermined, fit_linear
from starledger.catalog.calibrate.validation import split, validated

SLOPE = Polynomial(((1,),), (5772.0,), (1000.0,))


def evidence(count: int, seed: int, outliers: float = 0.0, scatter: float = 0.0) -> Evidence:
    """Return evidence of a slope of 0.1 dex a 1000 K."""
    rng = np.random.default_rng(seed)
    at = rng.uniform(4500, 6500, (count, 1))
    error = rng.uniform(0.01, 0.05, count)
    wanted = 0.1 * (at[:, 0] - 5772) / 1000 + np.hypot(error, scatter) * rng.standard_normal(count)
    wanted[rng.random(count) < outliers] += 1.0
    return Evidence(star_id=np.arange(count), at=at, wanted=wanted, error=error)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), outliers=st.sampled_from([0.0, 0.05, 0.15]))
def test_a_slope_is_found_within_its_error(seed: int, outliers: float) -> None:
    fit = fit_linear(SLOPE, evidence(400, seed, outliers))
    assert abs(fit.values[0] - 0.1) < 5 * np.sqrt(fit.covariance[0, 0]) + 1e-4


def test_errors_of_the_parameters_are_right() -> None:
    pulls = []
    for seed in range(200):
        fit = fit_linear(SLOPE, evidence(100, seed, scatter=0.05))
        pulls.append((fit.values[0] - 0.1) / np.sqrt(fit.covariance[0, 0]))
    assert 0.85 < np.std(pulls) < 1.15


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


def test_the_factor_of_errors_in_spite_of_outliers() -> None:
    rng = np.random.default_rng(2)
    at = rng.uniform(20, 200, (6000, 1))
    truth = 1.0 + 1.5 * at[:, 0] / 200
    wanted = truth * rng.standard_normal(6000)
    wanted[:60] *= 20
    basis = Polynomial(((2,), (1,), (0,)), (100.0,), (100.0,))
    one = Evidence(star_id=np.arange(6000), at=at, wanted=wanted, error=np.ones(6000))
    fit = fit_scale(basis, one)
    assert np.abs(basis.design(at) @ fit.values / truth - 1).max() < 0.08
    assert fit.outliers >= 40
    found = validated_scale(basis, fit, one)
    assert abs(found["after"]["farthest"] - 1) < 0.1
    with pytest.raises(NotDetermined):
        fit_scale(basis, Evidence(star_id=one.star_id, at=np.full((6000, 1), 50.0),
                                  wanted=wanted, error=one.error))  # fmt: skip


def test_the_order_of_rows_decides_nothing() -> None:
    one = evidence(60, 1)
    turned = one.take(np.arange(60)[::-1])
    kept = split(60, 0.2, 7)
    assert sha256_of(in_order(turned), kept) == sha256_of(in_order(one), kept)
    assert sha256_of(one, kept) != sha256_of(one, split(60, 0.2, 8))
    changed = one.take(np.arange(59))
    assert sha256_of(changed, kept[:59]) != sha256_of(one, kept)
