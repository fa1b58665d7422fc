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

    Both functions change the tensor that they are given and return it: fresh memory for each of
    millions of activations would take longer than they do.

    Parameters
    ----------
    name
        In configurations of models.
    gain
        How much larger first weights must be than where neurons passed their inputs on unchanged
        (Glorot & Bengio 2010: a sigmoid's slope is 1/4).
    of
        Turns inputs into values.
    slope
        Turns values into derivatives by the inputs, which need not be kept for it.
    """

    name: str
    gain: float
    of: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]


def _sigmoid_slope(value: Tensor) -> Tensor:
    return value.addcmul_(value, value, value=-1.0)


def _leaky_relu(given: Tensor) -> Tensor:
    return torch.nn.functional.leaky_relu(given, LEAK, inplace=True)


def _leaky_relu_slope(value: Tensor) -> Tensor:
    return value.gt_(0.0).mul_(1.0 - LEAK).add_(LEAK)


SIGMOID = Activation("sigmoid", 4.0, torch.sigmoid_, _sigmoid_slope)
LEAKY_RELU = Activation("leaky_relu", 2.0**0.5, _leaky_relu, _leaky_relu_slope)

ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(
    {activation.name: activation for activation in (SIGMOID, LEAKY_RELU)}
)
"""The activations by name."""
