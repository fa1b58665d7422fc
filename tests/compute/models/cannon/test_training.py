"""Training a Cannon."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from starledger.compute.models.base import Spectra
from starledger.compute.models.cannon import training
from starledger.compute.models.cannon.emulator import UNTRAINED
from starledger.compute.models.cannon.scatter import minus_two_log_likelihood, weights_with
from starledger.compute.models.cannon.training import (
    BadTrainingSet,
    TrainingSet,
    train,
    train_with_scatter,
)
from tests.compute.models.cannon.made_up_stars import made_up_stars
from tests.compute.models.cannon.reference_cannon import Reference
from tests.real_data import real_path


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


@pytest.fixture(scope="module")
def reference() -> Reference:
    with np.load(real_path("models", "cannon_regression", "cannon_regression.npz")) as content:
        return Reference({name: content[name] for name in content.files})


@pytest.mark.real_data
def test_coefficients_with_its_scatter(reference: Reference) -> None:
    cannon = train_with_scatter(reference.stars, reference.scatter, reference.terms)
    torch.testing.assert_close(cannon.pivots, reference.pivots, rtol=1e-6, atol=1e-6)
    powers = torch.tensor(reference.terms.exponents)
    theta = cannon.coefficients / (cannon.scales**powers).prod(dim=1)[:, None]
    apart = (theta.T / reference.theta - 1.0).abs().max()
    print(f"coefficients differ by up to {apart:.1e} of themselves")  # noqa: T201
    assert apart < 1e-6


@pytest.mark.real_data
def test_likelihood_with_fitted_scatter(reference: Reference) -> None:
    flux, ivar = reference.stars.spectra.flux, reference.stars.spectra.ivar
    cannon = train(reference.stars, reference.terms)
    ours = minus_two_log_likelihood(
        flux - cannon.flux(reference.stars.labels), weights_with(cannon.scatter**2, ivar)
    )
    theirs = minus_two_log_likelihood(
        flux - reference.flux(), weights_with(reference.scatter**2, ivar)
    )
    # Of values around −5000; what is left is rounding.
    assert (ours <= theirs + 1e-6).all()
