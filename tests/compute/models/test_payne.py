from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from starledger.compute.models.activations import LEAKY_RELU, SIGMOID, Activation
from starledger.compute.models.base import Emulator
from starledger.compute.models.network import Network
from starledger.compute.models.payne import Payne
from starledger.compute.models.per_pixel import PerPixelNetwork
from starledger.compute.models.shared_network import SharedNetwork
from starledger.compute.models.stored import ModelRefused, StoredModel
from starledger.schema.labels import UnknownLabel

SHAPES: list[tuple[type[Network], tuple[int, ...]]] = [
    (PerPixelNetwork, (5,)),
    (PerPixelNetwork, (10, 10)),
    (SharedNetwork, (30, 30)),
]
N_PIXELS = 40


def random_payne(
    shape: type[Network] = PerPixelNetwork,
    hidden: tuple[int, ...] = (10, 10),
    activation: Activation = SIGMOID,
) -> Payne:
    generator = torch.Generator().manual_seed(4)
    return Payne(
        network=shape.random(3, N_PIXELS, hidden, activation, generator),
        labels=("teff", "logg", "fe_h"),
        wavelength=torch.linspace(4000.0, 5000.0, N_PIXELS, dtype=torch.float64),
        low=torch.tensor([4000.0, 0.5, -2.0], dtype=torch.float64),
        high=torch.tensor([7000.0, 5.0, 0.5], dtype=torch.float64),
        normalisation="none",
    )


def some_labels(payne: Payne, n: int = 7) -> torch.Tensor:
    drawn = torch.rand(n, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(9))
    return payne.low + drawn * (payne.high - payne.low)


def in_double(payne: Payne) -> Payne:
    network = payne.network
    weights = [one.double() for one in network.weights]
    biases = [one.double() for one in network.biases]
    return replace(payne, network=network.of(weights, biases, network.activation))


@pytest.mark.parametrize(("shape", "hidden"), SHAPES)
@pytest.mark.parametrize("activation", [SIGMOID, LEAKY_RELU], ids=lambda one: one.name)
def test_gradients_are_those_of_finite_differences(
    shape: type[Network], hidden: tuple[int, ...], activation: Activation
) -> None:
    payne = in_double(random_payne(shape, hidden, activation))
    labels = some_labels(payne)
    flux, gradient = payne.flux_and_gradient(labels)
    torch.testing.assert_close(flux, payne.flux(labels))
    assert gradient.shape == (7, N_PIXELS, 3)
    for i, step in enumerate(1e-7 * (payne.high - payne.low)):
        shift = torch.zeros(3, dtype=torch.float64)
        shift[i] = step
        expected = (payne.flux(labels + shift) - payne.flux(labels - shift)) / (2.0 * step)
        torch.testing.assert_close(gradient[:, :, i], expected, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize(("shape", "hidden"), SHAPES)
def test_batches_give_what_single_stars_give(
    shape: type[Network], hidden: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    payne = random_payne(shape, hidden)
    labels = some_labels(payne, 11)
    flux, gradient = payne.flux_and_gradient(labels)
    monkeypatch.setattr("starledger.compute.models.per_pixel.CHUNK_VALUES", 3 * 10 * N_PIXELS)
    some_flux, some_gradient = payne.flux_and_gradient(labels)
    torch.testing.assert_close(some_flux, flux)
    torch.testing.assert_close(some_gradient, gradient)
    torch.testing.assert_close(payne.flux(labels[3:4]), flux[3:4])


def test_no_stars_give_no_spectra() -> None:
    flux, gradient = random_payne().flux_and_gradient(torch.empty(0, 3))
    assert flux.shape == (0, N_PIXELS)
    assert gradient.shape == (0, N_PIXELS, 3)


@pytest.mark.parametrize(("shape", "hidden"), SHAPES)
def test_what_is_stored_comes_back(shape: type[Network], hidden: tuple[int, ...]) -> None:
    whole = replace(
        random_payne(shape, hidden, LEAKY_RELU),
        error=torch.full((N_PIXELS,), 0.01),
        mask=torch.arange(N_PIXELS) < 3,
    )
    back = Payne.of(whole.stored())
    assert back.stored().identity == whole.stored().identity
    assert (back.labels, back.normalisation) == (whole.labels, whole.normalisation)
    labels = some_labels(whole)
    torch.testing.assert_close(back.flux(labels), whole.flux(labels), rtol=0.0, atol=0.0)


def test_it_is_an_emulator_on_any_device() -> None:
    emulator: Emulator = random_payne()
    moved = emulator.to(torch.device("cpu"))
    assert moved.labels == emulator.labels
    assert moved.error is None


@pytest.mark.parametrize(
    ("part", "value", "why"),
    [
        ("wavelength", torch.arange(10.0), "40 pixels"),
        ("wavelength", -torch.arange(40.0), "do not increase"),
        ("low", torch.zeros(2), "3 labels"),
        ("low", torch.tensor([8000.0, 0.0, 0.0]), "is empty"),
        ("weight_0", torch.full((3, 10, 40), torch.nan), "not finite"),
        ("weight_1", torch.zeros(4, 10, 40), "chain"),
        ("bias_1", torch.zeros(9, 40), "do not fit"),
        ("mask", torch.zeros(39, dtype=torch.bool), "40 pixels"),
    ],
)
def test_parts_that_do_not_fit_are_refused(part: str, value: torch.Tensor, why: str) -> None:
    stored = random_payne().stored()
    with pytest.raises(ModelRefused, match=why):
        Payne.of(StoredModel(stored.configuration, {**stored.tensors, part: value}))


@pytest.mark.parametrize("part", ["wavelength", "bias_2", "high"])
def test_a_missing_tensor_is_named(part: str) -> None:
    stored = random_payne().stored()
    tensors = {name: one for name, one in stored.tensors.items() if name != part}
    with pytest.raises(ModelRefused, match=part):
        Payne.of(StoredModel(stored.configuration, tensors))


@pytest.mark.parametrize("key", ["network", "activation", "labels", "normalisation"])
def test_a_missing_or_unknown_setting_is_named(key: str) -> None:
    stored = random_payne().stored()
    settings = {name: value for name, value in stored.configuration.items() if name != key}
    with pytest.raises(ModelRefused, match=key):
        Payne.of(StoredModel(settings, stored.tensors))


def test_labels_are_those_of_the_registry() -> None:
    with pytest.raises(UnknownLabel):
        replace(random_payne(), labels=("teff", "logg", "metallicity"))
