"""The floor of errors: found where it depends on a variable, in spite of outliers, and applied."""

from __future__ import annotations

import numpy as np
import pytest

from starledger.catalog.calibrate.bases import Constant, Polynomial
from starledger.catalog.calibrate.error_floor import fit_floor, validated_floor
from starledger.catalog.calibrate.evidence import Evidence
from starledger.catalog.calibrate.forms import BadCalibration, Calibration, apply
from starledger.catalog.calibrate.robust import NotDetermined

BASIS = Polynomial(((2,), (1,), (0,)), (5772.0,), (1000.0,))


def sample(count: int = 6000, outliers: int = 0) -> tuple[Evidence, np.ndarray]:
    rng = np.random.default_rng(4)
    teff = rng.uniform(4500, 6800, (count, 1))
    floor = 30.0 + 15.0 * (teff[:, 0] - 5772.0) / 1000.0
    error = rng.uniform(20, 60, count)
    wanted = np.hypot(error, floor) * rng.standard_normal(count)
    wanted[:outliers] *= 20
    return Evidence(star_id=np.arange(count), at=teff, wanted=wanted, error=error), floor


def test_a_floor_that_depends_on_teff_is_found() -> None:
    one, floor = sample(outliers=30)
    fit = fit_floor(BASIS, one)
    assert np.abs(BASIS.design(one.at) @ fit.values - floor).max() < 8
    assert fit.outliers >= 20
    found = validated_floor(BASIS, fit, one)
    assert found["before"]["pull_width"] > 1.15
    assert abs(found["after"]["pull_width"] - 1) < 0.05


def test_within_errors_lie_68_percent_whatever_the_tails() -> None:
    rng = np.random.default_rng(8)
    count = 20_000
    binary = rng.random(count) < 0.1
    wanted = np.where(binary, 3.0, 1.0) * np.hypot(20.0, 25.0) * rng.standard_normal(count)
    one = Evidence(
        star_id=np.arange(count), at=np.zeros((count, 1)), wanted=wanted, error=np.full(count, 20.0)
    )
    floor = fit_floor(Constant(), one).values[0]
    assert abs(np.mean(np.abs(wanted) < np.hypot(20.0, floor)) - 0.6827) < 0.005


def test_its_error_is_that_of_many_samples() -> None:
    rng = np.random.default_rng(5)
    error = np.full(1000, 40.0)
    found = []
    for _ in range(40):
        wanted = np.hypot(error, 30.0) * rng.standard_normal(1000)
        one = Evidence(star_id=np.arange(1000), at=np.zeros((1000, 1)), wanted=wanted, error=error)
        fit = fit_floor(Constant(), one)
        found.append((fit.values[0], np.sqrt(fit.covariance[0, 0])))
    values, errors = np.array(found).T
    assert abs(values.mean() - 30) < 1.5
    assert 0.7 < errors.mean() / values.std() < 1.4


def test_where_errors_are_right_there_is_none() -> None:
    rng = np.random.default_rng(6)
    one = Evidence(
        star_id=np.arange(4000), at=np.zeros((4000, 1)), wanted=rng.standard_normal(4000),
        error=np.ones(4000),
    )  # fmt: skip
    assert fit_floor(Constant(), one).values[0] < 0.3


def test_terms_that_the_sample_does_not_tell() -> None:
    one = Evidence(
        star_id=np.arange(50), at=np.full((50, 1), 5000.0), wanted=np.ones(50), error=np.ones(50)
    )
    with pytest.raises(NotDetermined):
        fit_floor(BASIS, one)


def floor_of(population: str = "all") -> Calibration:
    return Calibration(
        1, "floor", 1, "teff", "error", population, "constant", (), "raw", 2, (30.0,),
        {"quadrature": True, "least": 0.0},
    )  # fmt: skip


def test_it_is_added_in_quadrature_behind_the_factor() -> None:
    factor = Calibration(2, "f", 1, "teff", "error", "all", "constant", (), "raw", 1, (2.0,))
    labels = {"teff": np.array([5000.0, 5000.0]), "logg": np.array([4.5, 2.5])}
    errors = {"teff": np.array([20.0, 20.0]), "logg": np.array([0.1, 0.1])}
    both = apply(labels, errors, [floor_of(), factor])
    assert both.errors["teff"].tolist() == [50.0, 50.0]
    dwarfs = apply(labels, errors, [floor_of("dwarf"), factor])
    assert dwarfs.errors["teff"].tolist() == [50.0, 40.0]


def test_labels_have_no_floor() -> None:
    with pytest.raises(BadCalibration, match="quadrature"):
        Calibration(
            1, "floor", 1, "teff", "label", "all", "constant", (), "raw", 2, (30.0,),
            {"quadrature": True},
        )  # fmt: skip
