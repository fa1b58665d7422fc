from __future__ import annotations

import numpy as np
import pytest

from starledger.catalog.calibrate.bases import Polynomial
from starledger.catalog.calibrate.error_scale import fit_scale, validated_scale
from starledger.catalog.calibrate.evidence import Evidence
from starledger.catalog.calibrate.robust import NotDetermined


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
    assert abs(found["after"]["farthest"] - 1) < 0.15
    with pytest.raises(NotDetermined):
        fit_scale(basis, Evidence(star_id=one.star_id, at=np.full((6000, 1), 50.0),
                                  wanted=wanted, error=one.error))  # fmt: skip
