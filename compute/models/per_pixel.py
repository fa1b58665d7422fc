"""Networks of which every pixel has one of its own, evaluated for all pixels at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar, Self

import torch
from torch import Tensor

from starledger.compute.models.activations import Activation
from starledger.compute.models.network import uniform
from starledger.compute.models.tangents import Written

CHUNK_VALUES = 1 << 19
"""So many activations at once stay in a processor's cache, which makes it twice as fast."""


@dataclass(frozen=True, slots=True)
class PerPixelNetwork:
    """One small network per pixel, with one or more hidden layers.

    Parameters
    ----------
    weights
        Inputs × outputs × pixels for hidden layers, inputs × pixels for the last.
    biases
        Outputs × pixels for hidden layers, pixels for the last.
    activation
        Of the hidden layers.

    Examples
    --------
    >>> from starledger.compute.models.activations import SIGMOID
    >>> generator = torch.Generator().manual_seed(1)
    >>> network = PerPixelNetwork.random(3, 50, (10, 10), SIGMOID, generator)
    >>> flux, gradient = network.flux_and_gradient(torch.zeros(4, 3), torch.ones(3))
    >>> flux.shape, gradient.shape
    (torch.Size([4, 50]), torch.Size([4, 3, 50]))
    """

    shape: ClassVar[str] = "per_pixel"

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
        n_pixels = biases[-1].numel()
        widths = [len(one) for one in weights]
        shapes = [(*pair, n_pixels) for pair in pairwise(widths)] + [(widths[-1], n_pixels)]
        if [tuple(one.shape) for one in weights] != shapes or len(weights) < 2:
            raise ValueError("its weights are no chain of layers per pixel")
        if [tuple(one.shape) for one in biases] != [shape[1:] for shape in shapes]:
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
        weights = [
            uniform((*pair, n_pixels), pair[0], generator, activation.gain) for pair in layers
        ]
        weights.append(uniform((hidden[-1], n_pixels), hidden[-1], generator))
        biases = [uniform((width, n_pixels), 12, generator) for width in hidden]
        return cls.of(weights, [*biases, torch.zeros(n_pixels)], activation)

    @property
    def n_labels(self) -> int:
        """How many labels go in."""
        return self.weights[0].shape[0]

    @property
    def n_pixels(self) -> int:
        """How many pixels come out."""
        return self.biases[-1].shape[0]

    def stretched(self, scale: Tensor, offset: Tensor) -> Self:
        """Return the network whose flux is scale × flux + offset, pixel by pixel."""
        weights = (*self.weights[:-1], self.weights[-1] * scale)
        biases = (*self.biases[:-1], self.biases[-1] * scale + offset)
        return replace(self, weights=weights, biases=biases)

    def flux(self, scaled: Tensor) -> Tensor:
        """Return stars × pixels for stars × labels."""
        room = None if self.biases[0].requires_grad else self._room(scaled)
        return torch.cat(
            [self._output(self._hidden(some, room)[-1]) for some in self._chunks(scaled)]
        )

    def flux_and_gradient(self, scaled: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
        """Return stars × pixels, and the derivatives by the labels: stars × labels × pixels."""
        flux = scaled.new_empty(len(scaled), self.n_pixels)
        gradient = scaled.new_empty(len(scaled), self.n_labels, self.n_pixels)
        room = self._room(scaled)
        # Backwards the inputs become outputs.
        turned = [one.transpose(0, 1) for one in self.weights[1:-1]]
        turned.insert(0, (self.weights[0] * rate[:, None, None]).transpose(0, 1))
        start = 0
        for some in self._chunks(scaled):
            rows = slice(start, start + len(some))
            hidden = self._hidden(some, room)
            flux[rows] = self._output(hidden[-1])
            self._go_back(hidden, turned, gradient[rows])
            start = rows.stop
        return flux, gradient

    def tangents(self, scaled: Tensor, rate: Tensor) -> Written:
        """Return stars × pixels with their derivatives by the labels."""
        flux, gradient = self.flux_and_gradient(scaled, rate)
        return Written(flux, gradient.mT)

    def _rows(self, scaled: Tensor) -> int:
        """Return how many stars to take at once."""
        if scaled.device.type != "cpu":
            return max(len(scaled), 1)
        return max(CHUNK_VALUES // max(one.numel() for one in self.biases), 1)

    def _chunks(self, scaled: Tensor) -> tuple[Tensor, ...]:
        return torch.split(scaled, self._rows(scaled))

    def _room(self, scaled: Tensor) -> Tensor:
        """Return memory for the first layer's activations of a chunk, to be used again."""
        return scaled.new_empty(self._rows(scaled), self.biases[0].numel())

    def _hidden(self, scaled: Tensor, room: Tensor | None) -> list[Tensor]:
        """Return the activations of each hidden layer: stars × outputs × pixels."""
        weight, bias = self.weights[0].flatten(1), self.biases[0]
        out = None if room is None else room[: len(scaled)]
        first = torch.addmm(bias.flatten(), scaled, weight, out=out)
        values = [self.activation.of(first.view(-1, *bias.shape))]
        for weight, bias in zip(self.weights[1:-1], self.biases[1:-1], strict=True):
            values.append(self.activation.of(_mixed(values[-1], weight) + bias))
        return values

    def _output(self, last: Tensor) -> Tensor:
        return _weighted_sum(last, self.weights[-1]) + self.biases[-1]

    def _go_back(self, hidden: list[Tensor], turned: list[Tensor], gradient: Tensor) -> None:
        """Go from the flux to the labels, using the activations up; fill in the derivatives."""
        back = self.activation.slope(hidden[-1]).mul_(self.weights[-1])
        for weight, values in zip(turned[:0:-1], hidden[-2::-1], strict=True):
            back = _mixed(back, weight).mul_(self.activation.slope(values))
        for i, weight in enumerate(turned[0].unbind(1)):
            gradient[:, i] = _weighted_sum(back, weight)


def _mixed(values: Tensor, weight: Tensor) -> Tensor:
    """Multiply stars × inputs × pixels by inputs × outputs × pixels, pixel by pixel."""
    return torch.stack([_weighted_sum(values, one) for one in weight.unbind(1)], 1)


def _weighted_sum(values: Tensor, weight: Tensor) -> Tensor:
    """Sum stars × inputs × pixels with weights of inputs × pixels over the inputs.

    The matrices of single pixels are so small that going through memory in the order of pixels
    beats a batched matrix product several times.
    """
    first, *others = zip(values.unbind(1), weight.unbind(0), strict=True)
    total = first[0] * first[1]
    for value, factor in others:
        total.addcmul_(value, factor)
    return total
