from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

from starledger.catalog.calibrate.bases import (
    Constant,
    NaturalSpline,
    Polynomial,
    all_terms,
    flushed,
    knots_between,
)
from starledger.catalog.calibrate.curve import corrections_at, errors_at
from starledger.catalog.calibrate.forms import Calibration

AT = np.linspace(4000.0, 7000.0, 40)[:, None]


def calibration_of(basis: object, values: np.ndarray, covariance: np.ndarray) -> Calibration:
    found = basis.parameters(values, covariance)  # type: ignore[attr-defined]
    variables = () if isinstance(basis, Constant) else ("teff", "logg")[: _width(basis)]
    return Calibration(
        1, "c", 1, "mg_fe", "label", "all", basis.form, variables, "raw", 1,  # type: ignore[attr-defined]
        tuple(found.coefficients), found.definition,
    )  # fmt: skip


def _width(basis: object) -> int:
    return len(basis.pivots) if isinstance(basis, Polynomial) else 1


SHAPES = [
    Constant(),
    Polynomial(((3,), (2,), (1,)), (5772.0,), (1000.0,)),
    NaturalSpline((4200.0, 5000.0, 5600.0, 6800.0)),
    NaturalSpline((4200.0, 5000.0, 5600.0, 6800.0), zero_at=5772.0),
]


@pytest.mark.parametrize("basis", SHAPES, ids=lambda basis: basis.form)
def test_coefficients_give_the_curve_that_was_fitted_and_its_error(basis: object) -> None:
    design = basis.design(AT)  # type: ignore[attr-defined]
    count = design.shape[1]
    rng = np.random.default_rng(3)
    values, half = rng.standard_normal(count), rng.standard_normal((count, count))
    covariance = half @ half.T
    calibration = calibration_of(basis, values, covariance)
    inside = (AT[:, 0] > 4200) & (AT[:, 0] < 6800)
    np.testing.assert_allclose(
        corrections_at(calibration, AT)[inside], (design @ values)[inside], atol=1e-11
    )
    found = basis.parameters(values, covariance)  # type: ignore[attr-defined]
    packed = found.covariance[np.tril_indices(len(found.coefficients))]
    expected = np.sqrt(np.einsum("ni,ij,nj->n", design, covariance, design))
    np.testing.assert_allclose(
        errors_at(calibration, packed, AT)[inside], expected[inside], rtol=1e-6, atol=1e-9
    )


def test_a_spline_is_that_of_scipy_and_zero_at_its_pivot() -> None:
    knots = (4200.0, 5000.0, 5600.0, 6800.0)
    values = np.array([0.1, -0.2, 0.3, 0.0])
    spline = CubicSpline(knots, values, bc_type="natural")
    calibration = calibration_of(NaturalSpline(knots), values, np.eye(4))
    np.testing.assert_allclose(corrections_at(calibration, AT), spline(AT[:, 0]), atol=1e-12)
    pinned = NaturalSpline(knots, zero_at=5772.0)
    assert pinned.design(AT).shape == (len(AT), 3)
    np.testing.assert_allclose(pinned.design(np.array([[5772.0]])), 0.0, atol=1e-12)


@given(st.lists(st.floats(0, 1), min_size=5, max_size=60), st.integers(3, 12))
def test_knots_rise_from_end_to_end(values: list[float], count: int) -> None:
    knots = knots_between(-0.5, 1.5, np.array(values), count)
    assert (knots[0], knots[-1]) == (-0.5, 1.5)
    assert (np.diff(knots) > 0).all()
    assert len(knots) <= count


def test_terms_and_tiny_coefficients() -> None:
    assert len(all_terms(3, 3)) == 20
    assert flushed(np.array([1e-31, -2.0])).tolist() == [0.0, -2.0]
