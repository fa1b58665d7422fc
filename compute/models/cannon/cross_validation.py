"""Cross-validation of a Cannon: each star's labels by a Cannon that never saw the star."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from starledger.compute.models.cannon.emulator import Cannon
from starledger.compute.models.cannon.label_step import LabelStep
from starledger.compute.models.cannon.training import TrainingSet, train

_NORMAL = 1.4826


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """Labels of the training stars by Cannons that did not see them.

    Parameters
    ----------
    truth, found
        Stars × labels, in label units; NaN where a fit failed.
    fold
        In which each star was left out.
    """

    truth: Tensor
    found: Tensor
    fold: Tensor

    def bias(self) -> Tensor:
        """Return the median of found less true labels."""
        return (self.found - self.truth).nanmedian(dim=0).values

    def scatter(self) -> Tensor:
        """Return 1.4826 times the median absolute deviation of each label from its bias."""
        difference = self.found - self.truth - self.bias()
        return _NORMAL * difference.abs().nanmedian(dim=0).values


def folds(n_stars: int, n_folds: int, seed: int) -> Tensor:
    """Return the fold of each star: as many in each as can be, drawn with a seed.

    Examples
    --------
    >>> folds(5, 2, seed=1).bincount().tolist()
    [3, 2]
    """
    order = np.random.default_rng(seed).permutation(n_stars)
    return torch.from_numpy(order % n_folds)


def cross_validate(
    training_set: TrainingSet,
    fold: Tensor,
    learn: Callable[[TrainingSet], Cannon] = train,
) -> CrossValidation:
    """Train once for each fold, and fit the stars that were left out.

    Parameters
    ----------
    training_set
        All stars.
    fold
        In which each star is left out; see `folds`.
    learn
        Trains on those that are left.
    """
    found = torch.full_like(training_set.labels, torch.nan)
    for number in range(int(fold.max()) + 1):
        out = fold == number
        cannon = learn(training_set.part(~out))
        found[out] = LabelStep(cannon)(training_set.part(out).spectra).labels.to(found)
    return CrossValidation(training_set.labels, found, fold)
