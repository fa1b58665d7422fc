"""A Cannon trained elsewhere on the same 671 stars is reproduced."""

from __future__ import annotations

import ast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from starledger.compute.models.base import Spectra
from starledger.compute.models.cannon.scatter import minus_two_log_likelihood, weights_with
from starledger.compute.models.cannon.terms import Terms
from starledger.compute.models.cannon.training import TrainingSet, train, train_with_scatter
from tests.real_data import real_path

pytestmark = pytest.mark.real_data

NAMES = ("TEFF", "LOGG", "PARAM_M_H")


class Reference:
    """What the other program was given, and what it found."""

    def __init__(self, content: dict[str, NDArray[np.generic]]) -> None:
        found = [dict(ast.literal_eval(str(term))) for term in content["terms"]]
        powers = [tuple(int(term.get(name, 0)) for name in NAMES) for term in found]
        self.terms = Terms(((0, 0, 0), *powers))
        flux, sigma, labels, theta, scatter, pivots = (
            torch.from_numpy(content[name].astype(np.float64))
            for name in ("flux", "sigma", "labels", "theta", "scatter", "pivots")
        )
        wavelength = torch.arange(flux.shape[1], dtype=torch.float64)
        spectra = Spectra(flux, sigma**-2)
        self.stars = TrainingSet(("teff", "logg", "m_h"), labels.T, spectra, wavelength)
        self.theta, self.scatter, self.pivots = theta, scatter, pivots

    def flux(self) -> Tensor:
        return self.terms.values(self.stars.labels - self.pivots) @ self.theta.T


@pytest.fixture(scope="module")
def reference() -> Reference:
    with np.load(real_path("models", "cannon_regression", "cannon_regression.npz")) as content:
        return Reference({name: content[name] for name in content.files})


def test_coefficients_with_its_scatter(reference: Reference) -> None:
    cannon = train_with_scatter(reference.stars, reference.scatter, reference.terms)
    torch.testing.assert_close(cannon.pivots, reference.pivots, rtol=1e-6, atol=1e-6)
    powers = torch.tensor(reference.terms.exponents)
    theta = cannon.coefficients / (cannon.scales**powers).prod(dim=1)[:, None]
    apart = (theta.T / reference.theta - 1.0).abs().max()
    print(f"coefficients differ by up to {apart:.1e} of themselves")  # noqa: T201
    assert apart < 1e-6


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
