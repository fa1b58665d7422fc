from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from starledger.catalog.combine.groups import Groups
from starledger.catalog.combine.outliers import median, outliers

N = 6


def rejected(values: list[list[float]], errors: float = 1.0, least: int = 3) -> list[bool]:
    x = np.array(values)
    stars = Groups.of(np.zeros(len(x)))
    found = outliers(x, np.full(x.shape, errors), np.isfinite(x), stars, 5.0, least)
    return [bool(one) for one in found]


def test_injected_outliers_are_found_and_only_those() -> None:
    rng = np.random.default_rng(1)
    star = np.repeat(np.arange(2000), rng.integers(1, 8, 2000))
    errors = rng.uniform(0.5, 2.0, (len(star), N))
    values = 100 + errors * rng.normal(size=errors.shape)
    stars = Groups.of(star)
    # One visit of some stars that have four or more is off in one label.
    many = stars.starts[stars.counts >= 4][::3] + 2
    values[many, 1] += 15 * errors.max()
    found = outliers(values, errors, np.isfinite(values), stars, 5.0, 3)
    assert found[many].all()
    found[many] = False
    assert found.sum() <= 1e-3 * len(star)


def test_two_visits_are_never_told_apart() -> None:
    assert rejected([[0.0], [1000.0]]) == [False, False]


def test_a_label_that_few_visits_have_rejects_none() -> None:
    nan = float("nan")
    assert rejected([[0.0, 0.0], [0.0, 500.0], [0.0, nan], [0.0, nan]]) == [False] * 4


def test_half_of_the_visits_are_never_left_out() -> None:
    assert rejected([[0.0], [0.1], [1000.0], [-1000.0]]) == [False] * 4
    assert rejected([[0.0], [0.1], [0.05], [1000.0], [-1000.0]]) == [False] * 3 + [True] * 2


def test_visits_that_scatter_all_alike_are_kept() -> None:
    assert rejected([[-40.0], [0.0], [40.0], [80.0]]) == [False] * 4


def test_a_large_error_excuses_a_visit() -> None:
    values = np.array([[0.0], [0.1], [-0.1], [60.0]])
    errors = np.array([[1.0], [1.0], [1.0], [30.0]])
    stars = Groups.of(np.zeros(4))
    assert not outliers(values, errors, np.isfinite(values), stars, 5.0, 3).any()


def test_the_least_number_of_visits_is_a_setting() -> None:
    four = [[0.0], [0.1], [-0.1], [1000.0]]
    assert rejected(four) == [False] * 3 + [True]
    assert rejected(four, least=5) == [False] * 4


@given(
    st.lists(st.tuples(st.floats(-1e3, 1e3), st.booleans()), min_size=1, max_size=7).filter(
        lambda rows: any(used for _, used in rows)
    )
)
def test_the_median_is_of_what_is_used(rows: list[tuple[float, bool]]) -> None:
    values = np.array([value for value, _ in rows])
    used = np.array([one for _, one in rows])
    found = median(values[None, :, None], used[None, :, None])
    assert found.item() == pytest.approx(float(np.median(values[used])))
