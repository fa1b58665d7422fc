"""One network for all pixels, whose hidden layers they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar, Self

import torch
from torch import Tensor

from starledger.compute.models.activations import Activation
from starledger.compute.models.network import uniform
from starledger.compute.models.tangents import Factored


@dataclass(frozen=True, slots=True)
class SharedNetwork:
    """A network whose hidden layers all pixels share.

    Parameters
    ----------
    weights
        Outputs × inputs of each layer; the outputs of the last are the pixels.
    biases
        Outputs of each layer.
    activation
        Of the hidden layers.

    Examples
    --------
    >>> from starledger.compute.models.activations import LEAKY_RELU
    >>> generator = torch.Generator().manual_seed(1)
    >>> network = SharedNetwork.random(3, 50, (300, 300), LEAKY_RELU, generator)
    >>> network.flux(torch.zeros(4, 3)).shape
    torch.Size([4, 50])
    """

    shape: ClassVar[str] = "shared"

    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]
    activation: Activation

    @classmethod
    def of(
        cls, weights: Sequence[Tensor], biases: Sequence[Tensor], activation: Activation
    ) -> Self:
        """Return a network, whose tensors fit each other.

        Raises
        ------
        ValueError
            They do not.
        """
        if any(one.ndim != 2 for one in weights) or len(weights) < 2:
            raise ValueError("its weights are no chain of layers")
        if any(after.shape[1] != before.shape[0] for before, after in pairwise(weights)):
            raise ValueError("the outputs of a layer are not the inputs of the next")
        if [tuple(one.shape) for one in biases] != [(one.shape[0],) for one in weights]:
            raise ValueError("its biases do not fit its weights")
        return cls(tuple(weights), tuple(biases), activation)

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
        layers = [*pairwise((n_labels, *hidden))]
        # Small, whatever the activation: what begins smooth predicts new stars better.
        weights = [uniform((after, before), before, generator) for before, after in layers]
        weights.append(uniform((n_pixels, hidden[-1]), hidden[-1], generator))
        biases = [uniform((width,), 12, generator) for width in hidden]
        return cls.of(weights, [*biases, torch.zeros(n_pixels)], activation)

    @property
    def n_labels(self) -> int:
        """How many labels go in."""
        return self.weights[0].shape[1]

    @property
    def n_pixels(self) -> int:
        """How many pixels come out."""
        return self.biases[-1].shape[0]

    def stretched(self, scale: Tensor, offset: Tensor) -> Self:
        """Return the network whose flux is scale × flux + offset, pixel by pixel."""
        weights = (*self.weights[:-1], self.weights[-1] * scale[:, None])
        biases = (*self.biases[:-1], self.biases[-1] * scale + offset)
        return replace(self, weights=weights, biases=biases)

    def flux(self, scaled: Tensor) -> Tensor:
        """Return stars × pixels for stars × labels."""
        values = scaled
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            values = self.activation.of(torch.addmm(bias, values, weight.mT))
        return torch.addmm(self.biases[-1], values, self.weights[-1].mT)

    def flux_and_gradient(self, scaled: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
        """Return stars × pixels, and the derivatives by the labels: stars × labels × pixels."""
        found = self.tangents(scaled, rate).factors()
        return found.flux, found.inner @ found.outer

    def tangents(self, scaled: Tensor, rate: Tensor) -> LayeredTangents:
        """Return stars × pixels with their derivatives by the labels, through the layers."""
        values, slopes = scaled, []
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            values = self.activation.of(torch.addmm(bias, values, weight.mT))
            slopes.append(self.activation.slope(values.clone()))
        flux = torch.addmm(self.biases[-1], values, self.weights[-1].mT)
        return LayeredTangents(flux, tuple(slopes), rate, self.weights)


@dataclass(frozen=True, slots=True)
class LayeredTangents:
    """The derivatives of such a network, layer by layer.

    Parameters
    ----------
    flux
        Stars × pixels.
    slopes
        Of the activations of each hidden layer: stars × outputs.
    rate
        How much each scaled label changes per unit of the label.
    weights
        Of all layers.
    """

    flux: Tensor
    slopes: tuple[Tensor, ...]
    rate: Tensor
    weights: tuple[Tensor, ...]

    def gathered(self, values: Tensor) -> Tensor:
        """Return values·J, going from the last layer to the first."""
        back = values @ self.weights[-1]
        for weight, slope in zip(self.weights[-2::-1], self.slopes[::-1], strict=True):
            back = (back * slope[:, None, :]) @ weight
        return back * self.rate

    def information(self, weights: Tensor) -> Tensor:
        """Return JᵀWJ."""
        return self.factors().information(weights)

    def factors(self) -> Factored:
        """Return the derivatives of the last hidden layer's values, and the last layer."""
        inner = torch.diag(self.rate)
        for weight, slope in zip(self.weights[:-1], self.slopes, strict=True):
            inner = (inner @ weight.mT) * slope[:, None, :]
        return Factored(self.flux, inner, self.weights[-1].mT)

    def take(self, rows: Tensor) -> Self:
        """Return those of some of the stars."""
        slopes = tuple(slope[rows] for slope in self.slopes)
        return replace(self, flux=self.flux[rows], slopes=slopes)
