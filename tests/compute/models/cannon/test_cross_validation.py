"""Cross-validation of a Cannon."""

from __future__ import annotations

import torch

from starledger.compute.models.cannon.cross_validation import cross_validate, folds
from starledger.compute.models.cannon.emulator import Cannon
from starledger.compute.models.cannon.training import TrainingSet, train
from tests.compute.models.cannon.made_up_stars import WIDTH, made_up_stars


def test_each_star_is_left_out_once() -> None:
    stars = made_up_stars(n_stars=103)
    fold = folds(103, 5, seed=4)
    seen: list[int] = []

    def learn(part: TrainingSet) -> Cannon:
        seen.append(len(part))
        return train(part)

    result = cross_validate(stars, fold, learn)
    assert sorted(seen) == [82, 82, 82, 83, 83]
    assert result.found.isfinite().all()
    assert (result.scatter() < 0.1 * WIDTH).all()
    assert (result.bias().abs() < 0.05 * WIDTH).all()


def test_folds_follow_the_seed() -> None:
    assert torch.equal(folds(50, 5, seed=1), folds(50, 5, seed=1))
    assert not torch.equal(folds(50, 5, seed=1), folds(50, 5, seed=2))
