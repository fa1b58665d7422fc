"""The Payne learns: a network is fitted to spectra whose labels are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from enum import Enum
from math import ceil, cos, pi
from typing import Any

import torch
from torch import Tensor

from starledger.compute.models.activations import ACTIVATIONS
from starledger.compute.models.network import Network
from starledger.compute.models.payne import NETWORKS, Payne
from starledger.compute.simulate.processes import one_thread
from starledger.schema.errors import StarledgerError

WARMING = 0.1
"""Share of the steps in which the learning rate rises; afterwards it falls."""

ROUNDED = 1e-3
"""Errors of normalised flux below this are small enough to count by their squares."""

MIN_SPECTRA = 10
"""Fewer cannot be parted into those that teach and those that validate."""


class NotTrainable(StarledgerError):
    """Spectra or labels from which no network can learn."""


class Ended(Enum):
    """Why a training ended, in a sentence."""

    EARLY = "The validation error no longer fell."
    ALL_EPOCHS = "All epochs were used up."


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """How a network learns.

    Parameters
    ----------
    network, hidden, activation
        Its shape, the widths of its hidden layers, and what its neurons do.
    validation_share
        Share of the spectra that validate and do not teach.
    batch_size
        Spectra in each step.
    learning_rate
        Of Adam, at its highest. Shared networks want about 0.01.
    patience
        It ends when so many epochs passed without a lower validation error.
    max_epochs
        It ends after these at the latest. The learning rate falls so that it is nothing then: more
        epochs make a better model, not only a longer wait.
    seed
        Of the first weights, of the choice of validation spectra and of the batches.
    """

    network: str = "per_pixel"
    hidden: tuple[int, ...] = (10, 10)
    activation: str = "sigmoid"
    validation_share: float = 0.2
    batch_size: int = 64
    learning_rate: float = 0.05
    patience: int = 100
    max_epochs: int = 300
    seed: int = 1


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What validation found.

    Parameters
    ----------
    epochs
        How often each spectrum taught.
    ended
        Why it ended.
    n_training, n_validation
        Spectra that taught, and that validated.
    median_error, error_90, error_99
        Percentiles of |model − flux| over all pixels of the validation spectra.
    median_training_error
        The median over the spectra that taught: much smaller means overfitting.
    """

    epochs: int
    ended: Ended
    n_training: int
    n_validation: int
    median_error: float
    error_90: float
    error_99: float
    median_training_error: float

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {**asdict(self), "ended": self.ended.value}


@dataclass(frozen=True, slots=True)
class TrainingSpectra:
    """Spectra that teach.

    Parameters
    ----------
    names
        Names of the labels, as in the registry.
    labels
        In label units: spectra × labels.
    wavelength
        Of the pixels in vacuum in Å.
    flux
        Normalised: spectra × pixels.
    normalisation
        How, in words.
    """

    names: tuple[str, ...]
    labels: Tensor
    wavelength: Tensor
    flux: Tensor
    normalisation: str

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True, slots=True)
class _Sample:
    """Scaled labels, standardised flux."""

    scaled: Tensor
    flux: Tensor


def train_payne(
    spectra: TrainingSpectra,
    settings: TrainingSettings,
    device: torch.device,
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[Payne, TrainingReport]:
    """Teach a network, and return the emulator with what validation found.

    Parameters
    ----------
    spectra
        All spectra, those that validate included.
    settings
        How it learns.
    device
        Where.
    advance
        Called with 1 after each epoch.

    Raises
    ------
    NotTrainable
        The spectra cannot teach.
    """
    generator = torch.Generator().manual_seed(settings.seed)
    labels = spectra.labels.double()
    low, high = labels.amin(0), labels.amax(0)
    scaled = ((labels - low) / (high - low) - 0.5).float()
    order = torch.randperm(len(labels), generator=generator)
    n_validation = max(round(settings.validation_share * len(labels)), 1)
    taught = order[n_validation:]
    mean, spread = _mean_and_spread(spectra.flux[taught])
    standard = ((spectra.flux - mean) / spread).float()
    training, validation = (
        _Sample(scaled[some].to(device), standard[some].to(device))
        for some in (taught, order[:n_validation])
    )
    # For the small products of these, threads do nothing but wait for each other.
    small = settings.network == "per_pixel" and device.type == "cpu"
    with one_thread() if small else nullcontext():
        learned, epochs, ended = _learn(
            training, validation, spread.to(device), settings, generator, advance
        )
    residuals = [
        ((learned.flux(one.scaled) - one.flux).cpu() * spread) for one in (validation, training)
    ]
    cpu = learned.of(
        [one.cpu() for one in learned.weights],
        [one.cpu() for one in learned.biases],
        learned.activation,
    )
    payne = Payne(
        network=cpu.stretched(spread, mean),
        labels=spectra.names,
        wavelength=spectra.wavelength.double(),
        low=low,
        high=high,
        normalisation=spectra.normalisation,
        error=residuals[0].square().mean(0).sqrt(),
    )
    return payne, _report(epochs, ended, *residuals)


def _check(spectra: TrainingSpectra) -> None:
    n, n_labels = spectra.labels.shape
    if spectra.flux.shape != (n, len(spectra.wavelength)) or n_labels != len(spectra.names):
        raise _not_trainable("labels, flux, names and wavelengths do not fit each other")
    if n < MIN_SPECTRA:
        raise _not_trainable(f"there are only {n} of them")
    for name, values in (("labels", spectra.labels), ("flux", spectra.flux)):
        bad = (~values.isfinite().all(1)).nonzero()
        if len(bad):
            raise _not_trainable(f"the {name} of spectrum {int(bad[0])} are not all finite")
    same = (spectra.labels.amax(0) <= spectra.labels.amin(0)).nonzero()
    if len(same):
        raise _not_trainable(f"{spectra.names[int(same[0])]} is the same in all of them")


def _not_trainable(why: str) -> NotTrainable:
    return NotTrainable(
        f"From these spectra no network can learn: {why}.", remedy="Choose other training spectra."
    )


def _mean_and_spread(flux: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean of each pixel, and its scatter, which is never 0."""
    spread, mean = torch.std_mean(flux.double(), 0)
    return mean.float(), spread.clamp_min(1e-6).float()


def _learn(
    training: _Sample,
    validation: _Sample,
    spread: Tensor,
    settings: TrainingSettings,
    generator: torch.Generator,
    advance: Callable[[int], None],
) -> tuple[Network, int, Ended]:
    """Return the network at its lowest validation error, how long it took, and why it ended."""
    network = _parameters(_blank(training, settings, generator))
    adam = torch.optim.Adam([*network.weights, *network.biases])
    rates = _rates(len(training.scaled), settings)
    best, least, waited = _copy(network), float("inf"), 0
    for epoch in range(1, settings.max_epochs + 1):
        for some in _batches(len(training.scaled), settings.batch_size, generator):
            adam.param_groups[0]["lr"] = next(rates)
            adam.zero_grad()
            batch = _Sample(training.scaled[some], training.flux[some])
            _loss(network, batch, spread).backward()  # type: ignore[no-untyped-call]
            adam.step()
        with torch.no_grad():
            loss = float(_loss(network, validation, spread))
        advance(1)
        waited += 1
        if loss < least:
            best, least, waited = _copy(network), loss, 0
        if waited > settings.patience:
            return best, epoch, Ended.EARLY
    return best, settings.max_epochs, Ended.ALL_EPOCHS


def _rates(n: int, settings: TrainingSettings) -> Iterator[float]:
    """Yield the learning rate of each step: it rises shortly, then falls as a cosine.

    Long at high rates and then slowly to rest, networks come to lie where a change of the weights
    matters little, and predict new stars better than if rates fell at every standstill.
    """
    steps = settings.max_epochs * ceil(n / settings.batch_size)
    for step in range(steps):
        done = (step + 0.5) / steps
        fall = (1 + cos(pi * done)) / 2
        yield settings.learning_rate * min(done / WARMING, 1.0) * fall


def _blank(training: _Sample, settings: TrainingSettings, generator: torch.Generator) -> Network:
    try:
        network, activation = NETWORKS[settings.network], ACTIVATIONS[settings.activation]
    except KeyError as unknown:
        raise StarledgerError(
            f"There is no network or activation {unknown}.",
            remedy=f"There are {', '.join([*NETWORKS, *ACTIVATIONS])}.",
        ) from None
    n_labels, n_pixels = training.scaled.shape[1], training.flux.shape[1]
    made = network.random(n_labels, n_pixels, settings.hidden, activation, generator)
    device = training.flux.device
    return made.of(
        [one.to(device) for one in made.weights],
        [one.to(device) for one in made.biases],
        activation,
    )


def _parameters(network: Network) -> Network:
    return network.of(
        [one.requires_grad_() for one in network.weights],
        [one.requires_grad_() for one in network.biases],
        network.activation,
    )


def _copy(network: Network) -> Network:
    return network.of(
        [one.detach().clone() for one in network.weights],
        [one.detach().clone() for one in network.biases],
        network.activation,
    )


def _batches(n: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    yield from torch.split(torch.randperm(n, generator=generator), size)


def _loss(network: Network, sample: _Sample, spread: Tensor) -> Tensor:
    """Return the absolute error of the flux, summed over pixels lest each one's share vanish.

    Squares would be ruled by the few stars that are hardest to learn, such as carbon stars, and
    leave three times the error in all others.
    """
    residual = (network.flux(sample.scaled) - sample.flux) * spread
    return (residual.square() + ROUNDED**2).sqrt().sum(1).mean()


def _report(epochs: int, ended: Ended, validation: Tensor, training: Tensor) -> TrainingReport:
    return TrainingReport(
        epochs=epochs,
        ended=ended,
        n_training=len(training),
        n_validation=len(validation),
        median_error=_percentile(validation, 50),
        error_90=_percentile(validation, 90),
        error_99=_percentile(validation, 99),
        median_training_error=_percentile(training, 50),
    )


def _percentile(residuals: Tensor, percent: int) -> float:
    # torch.quantile takes no more than 2²⁴ numbers.
    sizes = residuals.abs().flatten()
    return float(sizes.kthvalue(max(len(sizes) * percent // 100, 1)).values)
