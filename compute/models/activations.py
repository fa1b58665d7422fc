"""The activations of networks, with derivatives that are told from their values alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

LEAK = 0.01
"""Slope of the leaky ReLU below zero, as in the published networks."""


@dataclass(frozen=True, slots=True)
class Activation:
    """What a neuron makes of its input.

    Parameters
    ----------
    name
        In configurations of models.
    of
        Its values for inputs.
    slope
        Its derivatives by the inputs, for values that it gave: so the inputs need not be kept.
    """

    name: str
    of: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]


def _sigmoid_slope(value: Tensor) -> Tensor:
    return torch.addcmul(value, value, value, value=-1.0)


def _leaky_relu(given: Tensor) -> Tensor:
    return torch.nn.functional.leaky_relu(given, LEAK)


def _leaky_relu_slope(value: Tensor) -> Tensor:
    return torch.where(value > 0.0, 1.0, LEAK).to(value.dtype)


SIGMOID = Activation("sigmoid", torch.sigmoid, _sigmoid_slope)
LEAKY_RELU = Activation("leaky_relu", _leaky_relu, _leaky_relu_slope)

ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(
    {activation.name: activation for activation in (SIGMOID, LEAKY_RELU)}
)
"""The activations by name."""
