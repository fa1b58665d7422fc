from __future__ import annotations

import numpy as np
import pytest

from starledger.catalog.quality.thresholds import Thresholds
from starledger.catalog.quality.training_range import (
    EDGE,
    NEAR_GRID_EDGE,
    OUTSIDE,
    OUTSIDE_TRAINING_RANGE,
    outside_range,
)
from tests.catalog.quality.made_facts import batch, facts, verdict, where

STARS = np.array(
    [
        [5777.0, 4.4, 0.0], [7501.0, 4.2, 0.0], [4400.0, 4.6, 0.0], [4400.0, 2.0, 0.0],
        [4400.0, 3.8, 0.0], [np.nan, 4.4, 0.0],
    ]
)  # fmt: skip


def test_the_range_of_dd_payne_is_its_authors() -> None:
    about = facts("dd_payne")
    expected = [False, True, True, False, False, False]
    assert outside_range(about, STARS).tolist() == expected
    rows = batch(np.pad(STARS, ((0, 0), (0, 2))))
    assert where(verdict(OUTSIDE, about, rows), OUTSIDE_TRAINING_RANGE) == expected
    assert OUTSIDE.needs(about) is None


def test_other_models_have_a_box() -> None:
    odd = np.array([[3400.0, 4.4, 0.0], [5000.0, 5.6, 0.0], [5000.0, 4.4, -2.6], [5000.0, 4, 0]])
    assert outside_range(facts(), odd).tolist() == [True, True, True, False]
    nothing_known = facts(labels=("teff", "vmic"))
    assert outside_range(nothing_known, odd).tolist() == [True, False, False, False]


def test_far_from_training_stars_is_outside() -> None:
    about = facts(members=np.array([[5000.0, 2.5, 0.0], [5777.0, 4.4, 0.0]]))
    rows = batch(
        [
            [5777, 4.4, 0, 0, 0],
            [5777, 4.4, 0.29, 0, 0],
            [5777, 4.4, 0.31, 0, 0],
            [5400, 3.5, 0, 0, 0],
        ]
    )
    assert where(verdict(OUTSIDE, about, rows), OUTSIDE_TRAINING_RANGE) == [
        False, False, True, True,
    ]  # fmt: skip
    wide = Thresholds(training_distance=6.0)
    assert not any(where(verdict(OUTSIDE, about, rows, wide), OUTSIDE_TRAINING_RANGE))


@pytest.mark.parametrize(
    ("star", "near"),
    [
        ((3549, 4.4, 0), True), ((3551, 4.4, 0), False), ((7951, 4.4, 0), True),
        ((5000, 0.04, 0), True), ((5000, 5.46, 0), True), ((5000, 4.4, -2.46), True),
        ((5000, 4.4, 0.56), True), ((5000, 4.4, 0.54), False),
    ],
)  # fmt: skip
def test_near_an_edge(star: tuple[float, float, float], *, near: bool) -> None:
    assert where(verdict(EDGE, facts(), batch([[*star, 0, 0]])), NEAR_GRID_EDGE) == [near]


def test_what_lacks_is_told() -> None:
    assert OUTSIDE.needs(facts()) == "the training stars of the model are not known"
    assert OUTSIDE.needs(facts(labels=("vmic",))) == (
        "the model gives no teff and no logg and no fe_h"
    )
    assert EDGE.needs(facts(labels=("vmic",))) == "the ranges of the training are not known"
