"""Training on labels that have errors."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from starledger.compute.models.cannon.emulator import UNTRAINED, Cannon
from starledger.compute.models.cannon.label_errors import expected_terms, train_with_errors
from starledger.compute.models.cannon.label_step import LabelStep
from starledger.compute.models.cannon.terms import Terms
from starledger.compute.models.cannon.training import BadTrainingSet, TrainingSet, train
from tests.compute.models.cannon.made_up_stars import WIDTH, made_up_stars

Known = tuple[TrainingSet, TrainingSet, Tensor]


@pytest.fixture(scope="module")
def known() -> Known:
    """Return stars with their true labels, the same with measured ones, and their errors."""
    stars = made_up_stars(1200, error=0.005, scatter=0.005)
    draws = torch.Generator().manual_seed(8)
    errors = 0.4 * WIDTH * (0.5 + torch.rand(1200, 3, generator=draws, dtype=torch.float64))
    noise = torch.randn(1200, 3, generator=draws, dtype=torch.float64)
    return stars, replace(stars, labels=stars.labels + errors * noise), errors


def off_by(cannon: Cannon) -> Tensor:
    """Return how far inferred labels of other stars are off, in widths of the sample."""
    others = made_up_stars(300, error=0.005, scatter=0.005, seed=4)
    return ((LabelStep(cannon)(others.spectra).labels - others.labels) / WIDTH).std(dim=0)


def slope(cannon: Cannon, stars: TrainingSet) -> Tensor:
    """Return how strongly spectra depend on each label, by that of the Cannon of true labels."""
    right = train(stars).flux_and_gradient(stars.labels)[1]
    mine = cannon.flux_and_gradient(stars.labels)[1]
    return (mine * right).sum(dim=(0, 1)) / (right**2).sum(dim=(0, 1))


def test_labels_are_recovered_where_errors_would_spoil_them(known: Known) -> None:
    stars, measured, errors = known
    plain, freed = train(measured), train_with_errors(measured, errors)
    assert slope(plain, stars).max() < 0.8
    assert (slope(freed, stars) - 1).abs().max() < 0.06
    assert (off_by(freed) < 0.5 * off_by(plain)).all()


def test_small_errors_change_nothing(known: Known) -> None:
    stars, _, _ = known
    freed = train_with_errors(stars, (1e-4 * WIDTH).expand(1200, 3))
    torch.testing.assert_close(
        freed.flux(stars.labels), train(stars).flux(stars.labels), atol=2e-3, rtol=0.0
    )


def test_a_dead_pixel_never_counts_and_progress_is_told(known: Known) -> None:
    _, measured, errors = known
    ivar = measured.spectra.ivar.clone()
    ivar[:, 7] = 0.0
    told: list[int] = []
    stars = replace(measured, spectra=replace(measured.spectra, ivar=ivar))
    cannon = train_with_errors(stars, errors, advance=told.append)
    assert (cannon.scatter == UNTRAINED).nonzero().flatten().tolist() == [7]
    assert sum(told) == 60


@pytest.mark.parametrize("wrong", [float("nan"), 0.0, -1.0])
def test_errors_must_be_known(known: Known, wrong: float) -> None:
    _, measured, errors = known
    bad = errors.clone()
    bad[5, 1] = wrong
    with pytest.raises(BadTrainingSet, match="label 1 of star 5"):
        train_with_errors(measured, bad)
    with pytest.raises(BadTrainingSet, match="not of the labels' shape"):
        train_with_errors(measured, errors[1:])


def test_expected_terms_are_means_over_what_labels_may_be() -> None:
    draws = torch.Generator().manual_seed(2)
    root = torch.randn(4, 3, 3, generator=draws, dtype=torch.float64)
    mean, covariance = root[:, 0], 0.1 * root @ root.mT + 0.01 * torch.eye(3)
    some = torch.randn(200_000, 4, 3, generator=draws, dtype=torch.float64)
    places = mean + (torch.linalg.cholesky(covariance) @ some[..., None])[..., 0]
    terms = Terms.up_to(3, 3)
    drawn = torch.stack([terms.values(places[:, star]).mean(dim=0) for star in range(4)])
    torch.testing.assert_close(expected_terms(terms, mean, covariance), drawn, atol=0.03, rtol=0.01)
