"""The trained Cannon as an emulator."""

from __future__ import annotations

import torch

from starledger.compute.models.base import Emulator
from starledger.compute.models.cannon.training import train
from tests.compute.models.cannon.made_up_stars import made_up_stars


def test_gradient_is_that_of_the_flux() -> None:
    stars = made_up_stars()
    emulator: Emulator = train(stars)
    flux, gradient = emulator.flux_and_gradient(stars.labels[:5])
    torch.testing.assert_close(flux, emulator.flux(stars.labels[:5]))
    jacobian = torch.func.vmap(torch.func.jacrev(lambda one: emulator.flux(one[None])[0]))
    torch.testing.assert_close(gradient, jacobian(stars.labels[:5]))


def test_range_is_that_of_the_training() -> None:
    stars = made_up_stars()
    cannon = train(stars)
    assert torch.equal(cannon.low, stars.labels.amin(dim=0))
    assert torch.equal(cannon.high, stars.labels.amax(dim=0))
    assert torch.equal(cannon.error, cannon.scatter)


def test_it_moves_whole() -> None:
    cannon = train(made_up_stars()).to(torch.device("meta"))
    assert cannon.coefficients.is_meta
    assert cannon.pivots.is_meta
    assert cannon.labels == ("teff", "logg", "fe_h")
