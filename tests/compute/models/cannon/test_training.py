"""Training a Cannon."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from starledger.compute.models.base import Spectra
from starledger.compute.models.cannon import training
from starledger.compute.models.cannon.emulator import UNTRAINED
from starledger.compute.models.cannon.training import (
    BadTrainingSet,
    TrainingSet,
    train,
    train_with_scatter,
)
from tests.compute.models.cannon.made_up_stars import made_up_stars


def test_noiseless_stars_come_back() -> None:
    stars = made_up_stars(error=1e-9, scatter=0.0)
    torch.testing.assert_close(
        train(stars).flux(stars.labels), stars.spectra.flux, atol=1e-7, rtol=0.0
    )


def test_the_scatter_may_be_given() -> None:
    stars = made_up_stars()
    fitted = train(stars)
    given = train_with_scatter(stars, fitted.scatter)
    torch.testing.assert_close(given.coefficients, fitted.coefficients, rtol=1e-5, atol=1e-8)


def test_a_pixel_does_not_depend_on_a_masked_label() -> None:
    stars = made_up_stars()
    mask = torch.ones(3, 60, dtype=torch.bool)
    mask[1, 20:] = False
    cannon, free = train(stars, label_mask=mask), train(stars)
    _, gradient = cannon.flux_and_gradient(stars.labels)
    assert gradient[:, :20, 1].abs().min() > 0
    assert not gradient[:, 20:, 1].any()
    assert gradient[:, 20:, 0].abs().min() > 0
    torch.testing.assert_close(cannon.coefficients[:, :20], free.coefficients[:, :20])


def test_how_many_pixels_are_taken_at_once_does_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stars = made_up_stars()
    whole = train(stars)
    monkeypatch.setattr(training, "_ELEMENTS_AT_ONCE", 7 * len(stars))
    pieces = train(stars)
    torch.testing.assert_close(pieces.coefficients, whole.coefficients, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(pieces.scatter, whole.scatter, rtol=1e-6, atol=1e-10)


def test_a_dead_pixel_never_counts() -> None:
    stars = made_up_stars()
    stars.spectra.ivar[:, 7] = 0.0
    cannon = train(stars)
    assert cannon.scatter[7] == UNTRAINED
    assert (cannon.scatter == UNTRAINED).sum() == 1
    assert cannon.flux(stars.labels).isfinite().all()


def test_single_precision_stays_single() -> None:
    stars = made_up_stars()
    flux, ivar = stars.spectra.flux.float(), stars.spectra.ivar.float()
    cannon = train(replace(stars, spectra=Spectra(flux, ivar)))
    assert cannon.flux(stars.labels).dtype == torch.float32
    torch.testing.assert_close(
        cannon.flux(stars.labels).double(), train(stars).flux(stars.labels), atol=1e-5, rtol=0.0
    )


def test_bad_values_are_refused_with_their_row() -> None:
    stars = made_up_stars()
    stars.spectra.ivar[4, 3] = -1.0
    with pytest.raises(BadTrainingSet, match="Training star 4 "):
        replace(stars)


def test_sizes_must_agree() -> None:
    stars = made_up_stars()
    with pytest.raises(BadTrainingSet, match="79 stars"):
        replace(stars, labels=stars.labels[1:])
    with pytest.raises(BadTrainingSet, match="2 labels are named but 3"):
        TrainingSet(("teff", "logg"), stars.labels, stars.spectra, stars.wavelength)
