"""A Cannon of real LAMOST pilot spectra against the survey's own labels (LASP)."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from starledger.compute.models.cannon.cross_validation import (
    CrossValidation,
    cross_validate,
    folds,
)
from starledger.compute.models.cannon.training import TrainingSet
from tests.compute.models.cannon.pilot_training import pilot_training_set

pytestmark = pytest.mark.real_data

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


def test_late_type_stars_against_lasp(pilot: tuple[TrainingSet, Tensor]) -> None:
    stars, snr = pilot
    cool = stars.labels[:, 0] < HOT
    found = scatter(stars.part(cool), snr[cool] > BRIGHT)
    assert (found < torch.tensor([135.0, 0.26, 0.13])).all()


def test_all_stars_against_lasp(pilot: tuple[TrainingSet, Tensor]) -> None:
    stars, snr = pilot
    assert len(stars) == 131
    found = scatter(stars, snr > BRIGHT)
    # A quadratic is stiff for the 20 A stars among them.
    assert (found < torch.tensor([160.0, 0.26, 0.13])).all()
    everything = scatter(stars, torch.ones_like(snr, dtype=torch.bool))
    assert everything.isfinite().all()
