"""The trained Cannon as an emulator."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from starledger.compute.models.base import Emulator
from starledger.compute.models.cannon.emulator import Cannon
from starledger.compute.models.cannon.training import train
from starledger.compute.models.stored import ModelRefused, StoredModel, write_folder
from starledger.compute.models.systems import read_emulator
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


def test_files_hold_all_of_it(tmp_path: Path) -> None:
    cannon = train(made_up_stars())
    write_folder(tmp_path / "one", cannon.stored())
    again = read_emulator(tmp_path / "one")
    assert again.stored().identity == cannon.stored().identity
    labels = (cannon.low + cannon.high)[None] / 2
    assert torch.equal(again.flux(labels), cannon.flux(labels))


def test_it_tells_how_spectra_are_normalised() -> None:
    silent = train(made_up_stars())
    cannon = replace(silent, normalisation="gaussian_50")
    assert "normalisation" not in silent.stored().configuration
    assert Cannon.of(silent.stored()).normalisation is None
    assert Cannon.of(cannon.stored()).normalisation == "gaussian_50"
    assert cannon.stored().identity != silent.stored().identity


@pytest.mark.parametrize("change", ["labels", "exponents", "scatter", "coefficients"])
def test_parts_that_do_not_fit_are_refused(change: str) -> None:
    model = train(made_up_stars()).stored()
    settings, tensors = dict(model.configuration), dict(model.tensors)
    if change in settings:
        settings[change] = settings[change][:-1]
    elif change == "scatter":
        del tensors[change]
    else:
        tensors[change] = tensors[change][:-1]
    with pytest.raises(ModelRefused, match="no Cannon"):
        Cannon.of(StoredModel(settings, tensors))
