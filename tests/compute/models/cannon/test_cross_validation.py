"""Cross-validation of a Cannon."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from starledger.compute.models.cannon.cross_validation import CrossValidation, cross_validate, folds
from starledger.compute.models.cannon.emulator import Cannon
from starledger.compute.models.cannon.training import TrainingSet, train
from tests.compute.models.cannon.made_up_stars import WIDTH, made_up_stars
from tests.compute.models.cannon.pilot_training import pilot_training_set


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


SEEDS = range(6)
BRIGHT = 25.0
HOT = 7500.0


@pytest.fixture(scope="module")
def pilot() -> tuple[TrainingSet, Tensor]:
    return pilot_training_set()


def scatter(stars: TrainingSet, scored: Tensor) -> Tensor:
    """Return the median over some draws of five folds, and print what they are."""
    found = []
    for seed in SEEDS:
        result = cross_validate(stars, folds(len(stars), 5, seed))
        some = CrossValidation(result.truth[scored], result.found[scored], result.fold[scored])
        found.append(some.scatter())
    each = torch.stack(found)
    middle = each.median(dim=0).values
    span = [f"{low:.3g}–{high:.3g}" for low, high in zip(each.amin(0), each.amax(0), strict=True)]
    print(  # noqa: T201
        f"trained on 4/5 of {len(stars)}, {int(scored.sum())} scored: "
        f"{middle[0]:.0f} K {middle[1]:.3f} {middle[2]:.3f} (by draw of folds {', '.join(span)})"
    )
    return middle


@pytest.mark.real_data
def test_late_type_stars_against_lasp(pilot: tuple[TrainingSet, Tensor]) -> None:
    stars, snr = pilot
    cool = stars.labels[:, 0] < HOT
    found = scatter(stars.part(cool), snr[cool] > BRIGHT)
    assert (found < torch.tensor([135.0, 0.26, 0.13])).all()


@pytest.mark.real_data
def test_all_stars_against_lasp(pilot: tuple[TrainingSet, Tensor]) -> None:
    stars, snr = pilot
    assert len(stars) == 131
    found = scatter(stars, snr > BRIGHT)
    assert (found < torch.tensor([135.0, 0.26, 0.13])).all()
    everything = scatter(stars, torch.ones_like(snr, dtype=torch.bool))
    assert everything.isfinite().all()
