from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from starledger.compute.models.payne import Payne
from starledger.compute.training.networks import (
    Ended,
    NotTrainable,
    TrainingReport,
    TrainingSettings,
    TrainingSpectra,
    train_payne,
)
from starledger.schema.errors import StarledgerError

CPU = torch.device("cpu")
WAVELENGTH = torch.linspace(5000.0, 5060.0, 60, dtype=torch.float64)


def toy_flux(labels: Tensor) -> Tensor:
    """Return spectra with three lines that saturate, widen and shift with the labels."""
    teff, logg, fe_h = (labels - torch.tensor([5500.0, 3.0, -0.5])).T[:, :, None]
    depth = 0.5 * torch.sigmoid(2.0 * fe_h - teff / 700.0)
    width = 2.0 + 0.5 * logg + 0.3 * fe_h**2
    flux = 1.0 - depth * torch.exp(-(((WAVELENGTH - 5015.0) / width) ** 2))
    flux = flux - 0.3 * torch.sigmoid(teff / 500.0) / (1.0 + ((WAVELENGTH - 5030.0) / width) ** 2)
    flux = flux - 0.2 * torch.exp(fe_h - 1.0) * torch.exp(-(((WAVELENGTH - 5050.0) / 2.0) ** 2))
    assert isinstance(flux, Tensor)
    return flux


def toy_spectra(n: int = 600, seed: int = 3) -> TrainingSpectra:
    low, high = torch.tensor([4500.0, 1.5, -1.5]), torch.tensor([6500.0, 4.5, 0.5])
    drawn = torch.rand(n, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    labels = low + drawn * (high - low)
    return TrainingSpectra(("teff", "logg", "fe_h"), labels, WAVELENGTH, toy_flux(labels), "none")


@pytest.fixture(scope="module")
def trained() -> tuple[Payne, TrainingReport]:
    settings = TrainingSettings(max_epochs=80)
    return train_payne(toy_spectra(), settings, CPU)


def test_a_per_pixel_network_learns_the_toy_grid(trained: tuple[Payne, TrainingReport]) -> None:
    payne, report = trained
    assert report.median_error < 5e-4
    assert report.median_error < report.error_90 < report.error_99 < 1e-2
    others = toy_spectra(seed=8)
    error = (payne.flux(others.labels) - others.flux).abs().median()
    assert float(error) < 5e-4
    assert (report.n_training, report.n_validation) == (480, 120)


def test_it_knows_its_range_and_its_error(trained: tuple[Payne, TrainingReport]) -> None:
    payne, _ = trained
    labels = toy_spectra().labels
    assert torch.equal(payne.low, labels.amin(0))
    assert torch.equal(payne.high, labels.amax(0))
    others = toy_spectra(seed=8)
    found = (payne.flux(others.labels) - others.flux).square().mean(0).sqrt()
    assert payne.error is not None
    assert 0.5 < float((found / payne.error).median()) < 2.0


def test_its_gradients_are_those_of_the_grid(trained: tuple[Payne, TrainingReport]) -> None:
    payne, _ = trained
    labels = torch.tensor([[5400.0, 3.1, -0.4]], dtype=torch.float64, requires_grad=True)
    _, gradient = payne.flux_and_gradient(labels.detach())
    for pixel in (15, 30, 50):
        (expected,) = torch.autograd.grad(toy_flux(labels)[0, pixel], labels)
        found = gradient[0, pixel].double()
        scale = payne.high - payne.low
        assert float(((found - expected[0]) * scale).abs().max()) < 0.02


def test_a_shared_network_learns_it_too() -> None:
    settings = TrainingSettings(
        network="shared",
        hidden=(64, 64),
        batch_size=64,
        activation="leaky_relu",
        learning_rate=3e-3,
        max_epochs=120,
    )
    _, report = train_payne(toy_spectra(), settings, CPU)
    assert report.median_error < 1e-3


def test_the_same_seed_gives_the_same_model() -> None:
    settings = TrainingSettings(max_epochs=3)
    models = [train_payne(toy_spectra(60), settings, CPU)[0].stored().identity for _ in range(2)]
    other, _ = train_payne(toy_spectra(60), replace(settings, seed=2), CPU)
    assert models[0] == models[1] != other.stored().identity


def test_it_ends_early_when_nothing_more_is_learned() -> None:
    told: list[int] = []
    settings = TrainingSettings(patience=2, max_epochs=5000, learning_rate=0.05)
    _, report = train_payne(toy_spectra(40), settings, CPU, told.append)
    assert report.ended is Ended.EARLY
    assert len(told) == report.epochs < 5000
    assert report.as_json()["ended"] == Ended.EARLY.value


def test_it_says_when_the_epochs_were_used_up() -> None:
    _, report = train_payne(toy_spectra(40), TrainingSettings(max_epochs=2), CPU)
    assert (report.ended, report.epochs) == (Ended.ALL_EPOCHS, 2)


def test_spectra_that_cannot_teach_are_refused() -> None:
    whole = toy_spectra(20)
    bad_flux, bad_labels = whole.flux.clone(), whole.labels.clone()
    bad_flux[7, 3] = torch.nan
    bad_labels[:, 1] = 4.0
    with pytest.raises(NotTrainable, match="flux of spectrum 7"):
        replace(whole, flux=bad_flux)
    with pytest.raises(NotTrainable, match="logg is the same"):
        replace(whole, labels=bad_labels)
    with pytest.raises(NotTrainable, match="only 5"):
        replace(whole, labels=whole.labels[:5], flux=whole.flux[:5])
    with pytest.raises(NotTrainable, match="do not fit"):
        replace(whole, names=("teff", "logg"))


def test_unknown_shapes_are_refused() -> None:
    with pytest.raises(StarledgerError, match="transformer"):
        train_payne(toy_spectra(20), TrainingSettings(network="transformer"), CPU)
