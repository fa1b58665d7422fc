from __future__ import annotations

import numpy as np
import pytest

from starledger.catalog.calibrate.populations import BOUNDARIES, UnknownBoundary, is_giant


@pytest.mark.parametrize(
    ("boundary", "teff", "logg", "expected"),
    [
        ("phdlspec", 5399.9, 3.99, 1.0),
        ("phdlspec", 5400.0, 3.99, 0.0),
        ("phdlspec", 5000.0, 4.0, 0.0),
        ("xiang", 5450.0, 4.05, 1.0),
        ("wheeler", 5000.0, 4.17, 1.0),
        ("wheeler", 5000.0, 4.18, 0.0),
        ("wheeler", 6000.0, 3.69, 1.0),
        ("wheeler", 6000.0, 3.71, 0.0),
    ],
)
def test_boundaries(boundary: str, teff: float, logg: float, expected: float) -> None:
    assert is_giant(boundary, np.array([teff]), np.array([logg])).tolist() == [expected]


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_nobody_is_both_and_who_is_not_known_is_neither(boundary: str) -> None:
    teff, logg = np.meshgrid(np.linspace(3000, 8000, 60), np.linspace(0, 5, 60))
    assert np.isin(is_giant(boundary, teff.ravel(), logg.ravel()), [0.0, 1.0]).all()
    assert (
        np.isnan(is_giant(boundary, np.array([np.nan, 5000.0]), np.array([4.5, np.nan]))).sum() >= 1
    )
    assert np.isnan(is_giant(boundary, np.array([4500.0]), np.array([np.nan]))).all()


def test_an_unknown_boundary_is_refused() -> None:
    with pytest.raises(UnknownBoundary, match="no boundary 'hertz'"):
        is_giant("hertz", np.array([1.0]), np.array([1.0]))
