"""Pixels and weights of a fit follow from what the ledger keeps of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from starledger.catalog.star_spectra.used_pixels import Kept, used_pixels
from starledger.compute.fitters.doppler import Doppler
from starledger.compute.fitters.levenberg import Levenberg
from starledger.compute.models.base import Spectra
from starledger.compute.models.payne import Payne
from starledger.compute.work.recipe import Recipe
from tests.compute.work.made_up import SNR, small_payne

STARS = 8


def visits(payne: Payne, rv: torch.Tensor) -> Spectra:
    generator = torch.Generator().manual_seed(5)
    part = torch.rand(len(rv), 3, generator=generator, dtype=torch.float64)
    labels = payne.low + (0.2 + 0.6 * part) * (payne.high - payne.low)
    flux = Doppler(payne.wavelength).shift(rv).apply(payne.flux(labels.float()))
    flux = flux + torch.randn(flux.shape, generator=generator) / SNR
    ivar = torch.full_like(flux, SNR**2)
    ivar[:, 100:110] = 0.0
    return Spectra(flux, ivar)


@pytest.mark.parametrize("own_error", [False, True])
@pytest.mark.parametrize("rv_range", [None, 100.0])
def test_chi2_and_pixels_are_those_of_the_fit(rv_range: float | None, own_error: bool) -> None:
    payne = replace(small_payne(), error=torch.linspace(0.0, 0.03, 400))
    rv = torch.linspace(-40.0, 40.0, STARS, dtype=torch.float64)
    spectra = visits(payne, rv if rv_range else torch.zeros_like(rv))
    recipe = Recipe(continuum="none", rv_range=rv_range, emulator_error=own_error)
    found = Levenberg(payne, recipe.fit_settings()).fit(spectra)
    models = payne.flux(found.labels.float())
    if found.rv is not None:
        models = Doppler(payne.wavelength).shift(found.rv).apply(models)
    for place in range(STARS):
        one = Spectra(spectra.flux[place], spectra.ivar[place])
        velocity = None if found.rv is None else float(found.rv[place])
        kept = Kept(velocity, float(found.chi2[place]), int(found.n_pixels[place]))
        used = used_pixels(payne, recipe, one, models[place], kept)
        assert used.exact
        assert used.used.sum() == kept.n_pixels
        assert not used.used[100:110].any()
        again = ((one.flux - models[place]).square() * used.ivar)[torch.from_numpy(used.used)]
        assert float(again.sum(dtype=torch.float64)) == pytest.approx(kept.chi2, rel=1e-4)


def test_another_chi2_is_told_apart() -> None:
    payne = small_payne()
    spectra = visits(payne, torch.zeros(1, dtype=torch.float64))
    recipe = Recipe(continuum="none", rv_range=None)
    found = Levenberg(payne, recipe.fit_settings()).fit(spectra)
    one, model = Spectra(spectra.flux[0], spectra.ivar[0]), payne.flux(found.labels.float())[0]
    kept = Kept(None, 1.001 * float(found.chi2[0]), int(found.n_pixels[0]))
    assert not used_pixels(payne, recipe, one, model, kept).exact
    fewer = Kept(None, float(found.chi2[0]), int(found.n_pixels[0]) - 1)
    assert not used_pixels(payne, recipe, one, model, fewer).exact
