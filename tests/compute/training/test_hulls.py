from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import kstest

from starledger.compute.training.hulls import DegenerateHull, Hull

SQUARE = [[0.0, 0.0], [2.0, 0.0], [0.0, 3.0], [2.0, 3.0], [1.0, 1.0]]


def even(hull: Hull, count: int, seed: int = 1) -> NDArray[np.float64]:
    return np.random.default_rng(seed).random((count, hull.dimensions + 1))


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    dimensions=st.integers(2, 4),
    margin=st.sampled_from([0.0, 0.1]),
)
def test_what_is_drawn_lies_inside(seed: int, dimensions: int, margin: float) -> None:
    points = (
        np.random.default_rng(seed).normal(size=(12, dimensions)) * [1e3, 1, 1e-2, 5][:dimensions]
    )
    hull = Hull.of(points, margin)
    assert hull.contains(points).all()
    assert hull.contains(hull.at(even(hull, 200, seed))).all()


def test_a_margin_never_leaves_points_outside() -> None:
    """The box around these has its centre outside their hull."""
    points = np.vstack([np.zeros(4), np.eye(4), 0.05 + 0.1 * np.eye(4)])
    hull = Hull.of(points, margin=0.1)
    assert hull.contains(points).all()
    assert hull.volume == pytest.approx(Hull.of(points).volume * 1.1**4)


def test_draws_are_uniform() -> None:
    hull = Hull.of(SQUARE)
    drawn = hull.at(even(hull, 20_000))
    for column, size in enumerate((2.0, 3.0)):
        assert kstest(drawn[:, column] / size, "uniform").pvalue > 1e-3
    x, y = drawn.T
    assert abs(np.mean((x - 1.0) * (y - 1.5))) < 0.02


def test_draws_are_uniform_in_a_body_of_unequal_simplices() -> None:
    rng = np.random.default_rng(5)
    points = rng.normal(size=(30, 3)) * [1000.0, 1.0, 0.3]
    hull = Hull.of(points)
    box = rng.uniform(points.min(0), points.max(0), (400_000, 3))
    kept, drawn = box[hull.contains(box)], hull.at(even(hull, 20_000))
    # Half-spaces in some directions hold the same share of both.
    for normal in rng.normal(size=(8, 3)) / points.std(0):
        level = np.median(kept @ normal)
        assert np.mean(drawn @ normal < level) == pytest.approx(0.5, abs=0.015)
    assert len(kept) / len(box) * np.prod(np.ptp(points, 0)) == pytest.approx(hull.volume, rel=0.02)


def test_a_margin_widens_it() -> None:
    narrow, wide = Hull.of(SQUARE), Hull.of(SQUARE, margin=0.1)
    assert narrow.volume == pytest.approx(6.0)
    assert wide.volume == pytest.approx(6.0 * 1.1**2)
    assert wide.contains([[-0.09, 1.0]]).all()
    assert not wide.contains([[-0.11, 1.0]]).any()


@pytest.mark.parametrize(
    ("points", "why"),
    [
        ([[0.0, 0.0], [1.0, 1.0]], "too few"),
        ([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]], "on a line"),
        ([[0.0, 5.0], [1.0, 5.0], [2.0, 5.0]], "agree in dimension 1"),
        ([[0.0, 5.0], [1.0, np.nan], [2.0, 5.0]], "not finite"),
        ([1.0, 2.0, 3.0], "shape"),
    ],
)
def test_points_without_volume_are_refused(points: list[list[float]], why: str) -> None:
    with pytest.raises(DegenerateHull, match=why):
        Hull.of(points)


def test_a_margin_cannot_shrink_it() -> None:
    with pytest.raises(DegenerateHull, match="shrink"):
        Hull.of(SQUARE, margin=-0.1)
