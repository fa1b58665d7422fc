"""How well labels of stars that did not teach are inferred."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from starledger.compute.models.base import Spectra
from starledger.compute.models.cannon.training import train
from starledger.compute.training import recovery as module
from starledger.compute.training.recovery import recovery
from tests.compute.models.cannon.made_up_stars import WIDTH, made_up_stars


def test_bias_and_scatter_are_those_of_the_stars(monkeypatch: pytest.MonkeyPatch) -> None:
    stars = made_up_stars(n_stars=200)
    teaching, tested = (stars.part(torch.arange(a, b)) for a, b in ((0, 150), (150, 200)))
    shifted = replace(tested, labels=tested.labels - torch.tensor([100.0, 0.0, 0.0]))
    cannon = train(teaching)
    found = recovery(cannon, shifted)
    assert (found.spectra, found.failed) == (50, 0)
    assert found.labels["teff"].unit == "K"
    assert found.labels["teff"].bias == pytest.approx(100.0, abs=0.1 * float(WIDTH[0]))
    for place, name in enumerate(stars.names):
        assert 0 < found.labels[name].scatter < 0.1 * float(WIDTH[place])
    monkeypatch.setattr(module, "_AT_ONCE", 7)
    parted = recovery(cannon, shifted)
    assert parted.labels["logg"].scatter == pytest.approx(found.labels["logg"].scatter)


def test_spectra_without_pixels_are_counted() -> None:
    stars = made_up_stars(n_stars=100)
    ivar = stars.spectra.ivar.clone()
    ivar[:3] = 0.0
    empty = replace(stars, spectra=Spectra(stars.spectra.flux, ivar))
    found = recovery(train(stars), empty)
    assert (found.spectra, found.failed) == (100, 3)


def test_nobody_held_out_tells_nothing() -> None:
    stars = made_up_stars()
    found = recovery(train(stars), stars.part(torch.zeros(len(stars), dtype=torch.bool)))
    assert (found.spectra, found.failed, found.labels) == (0, 0, {})
