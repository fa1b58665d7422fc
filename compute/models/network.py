"""What networks of all shapes share: scaled labels in, flux and its derivatives out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol, Self

import torch
from torch import Tensor

from starledger.compute.models.activations import Activation
from starledger.compute.models.tangents import Tangents


class Network(Protocol):
    """A network from scaled labels, each within [-0.5, 0.5], to the flux of all pixels."""

    shape: ClassVar[str]
    """Its name in configurations of models."""

    @property
    def weights(self) -> tuple[Tensor, ...]:
        """Weights of each layer; the layout is the shape's own."""
        raise NotImplementedError

    @property
    def biases(self) -> tuple[Tensor, ...]:
        """Biases of each layer."""
        raise NotImplementedError

    @property
    def activation(self) -> Activation:
        """The activation of all but the last layer, which is linear."""
        raise NotImplementedError

    @property
    def n_labels(self) -> int:
        """How many labels go in."""
        raise NotImplementedError

    @property
    def n_pixels(self) -> int:
        """How many pixels come out."""
        raise NotImplementedError

    @classmethod
    def of(
        cls, weights: Sequence[Tensor], biases: Sequence[Tensor], activation: Activation
    ) -> Self:
        """Return a network, whose tensors fit each other."""
        raise NotImplementedError

    @classmethod
    def random(
        cls,
        n_labels: int,
        n_pixels: int,
        hidden: Sequence[int],
        activation: Activation,
        generator: torch.Generator,
    ) -> Self:
        """Return a network that has learned nothing yet, with hidden layers of these widths."""
        raise NotImplementedError

    def stretched(self, scale: Tensor, offset: Tensor) -> Self:
        """Return the network whose flux is scale × flux + offset, pixel by pixel."""
        raise NotImplementedError

    def flux(self, scaled: Tensor) -> Tensor:
        """Return stars × pixels for stars × labels."""
        raise NotImplementedError

    def tangents(self, scaled: Tensor, rate: Tensor) -> Tangents:
        """Return stars × pixels with their derivatives by the labels; see `flux_and_gradient`."""
        raise NotImplementedError

    def flux_and_gradient(self, scaled: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
        """Return stars × pixels, and the derivatives by the labels: stars × labels × pixels.

        Parameters
        ----------
        scaled
            Scaled labels: stars × labels.
        rate
            How much each scaled label changes per unit of the label.
        """
        raise NotImplementedError


def uniform(
    shape: Sequence[int], inputs: int, generator: torch.Generator, gain: float = 1.0
) -> Tensor:
    """Return random weights that neither swell nor shrink what passes through them."""
    largest = gain * (3.0 / inputs) ** 0.5
    return torch.empty(tuple(shape)).uniform_(-largest, largest, generator=generator)
