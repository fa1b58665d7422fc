from __future__ import annotations

from dataclasses import replace

import torch

from starledger.compute.fitters.levenberg import Levenberg
from starledger.compute.fitters.precision import grid_of_stars, precision
from starledger.compute.models.base import Spectra
from tests.compute.fitters.pretend_emulator import PretendEmulator


def test_bounds_are_those_of_a_fit(emulator: PretendEmulator) -> None:
    labels = grid_of_stars(emulator, {"label_0": [-0.4, 0.2], "label_2": [0.9, 1.1]})
    flux = emulator.flux(labels)
    fits = Levenberg(emulator).fit(Spectra(flux, torch.full_like(flux, 80.0**2)))
    bounds = precision(emulator, labels, torch.full((4,), 80.0))
    assert torch.allclose(bounds[:, :5], fits.bounds, rtol=0.01)
    assert torch.allclose(bounds[:, 5], fits.covariance[:, 5, 5].sqrt(), rtol=0.01)


def test_twice_the_signal_halves_them(emulator: PretendEmulator) -> None:
    labels = grid_of_stars(emulator, {}).repeat(2, 1)
    once, twice = precision(emulator, labels, torch.tensor([50.0, 100.0]))
    assert torch.allclose(once, 2.0 * twice)


def test_masked_pixels_tell_nothing(emulator: PretendEmulator) -> None:
    labels, snr = grid_of_stars(emulator, {}), torch.tensor([100.0])
    mask = torch.arange(800) % 4 > 0
    ratio = precision(emulator, labels, snr, mask) / precision(emulator, labels, snr)
    assert 1.6 < float(ratio.median()) < 2.6
    assert bool(precision(emulator, labels, snr, mask.new_ones(800)).isnan().all())


def test_labels_not_named_are_solar_or_in_the_middle(emulator: PretendEmulator) -> None:
    low = torch.tensor([-1.0, -1.0, -0.2, 0.5, 1.0])
    other = replace(emulator, low=low, high=low + 2.0)
    stars = grid_of_stars(other, {"label_1": [0.3, 0.4]})
    assert torch.allclose(stars[:, 1], torch.tensor([0.3, 0.4]))
    assert torch.allclose(stars[:, [0, 2, 3, 4]], torch.tensor([0.0, 0.0, 1.5, 2.0]))
