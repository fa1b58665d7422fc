"""A network that is drawn, not trained: smooth lines whose depths depend on a few labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from starledger.compute.models.tangents import Factored


@dataclass(frozen=True)
class PretendEmulator:
    """Two shared sigmoid layers; labels after the first ones move the spectrum less."""

    wavelength: Tensor
    low: Tensor
    high: Tensor
    layers: tuple[tuple[Tensor, Tensor], ...]
    error: Tensor | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(f"label_{i}" for i in range(len(self.low)))

    def flux(self, labels: Tensor) -> Tensor:
        x = self._scaled(labels)
        for weight, bias in self.layers[:-1]:
            x = torch.addmm(bias, x, weight.T).tanh_()
        weight, bias = self.layers[-1]
        return torch.addmm(bias, x, weight.T)

    def flux_and_gradient(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        found = self.tangents(labels)
        return found.flux, (found.inner @ found.outer).mT

    def tangents(self, labels: Tensor) -> Factored:
        x = self._scaled(labels)
        tangent = torch.diag_embed(1.0 / (self.high - self.low)).expand(len(x), -1, -1)
        for weight, bias in self.layers[:-1]:
            x = torch.addmm(bias, x, weight.T).tanh_()
            tangent = (tangent @ weight.T) * (1.0 - x * x)[:, None, :]
        weight, bias = self.layers[-1]
        return Factored(torch.addmm(bias, x, weight.T), tangent, weight.T)

    def to(self, device: torch.device) -> Self:
        layers = tuple((w.to(device), b.to(device)) for w, b in self.layers)
        return replace(
            self,
            low=self.low.to(device),
            high=self.high.to(device),
            layers=layers,
            wavelength=self.wavelength.to(device),
        )

    def _scaled(self, labels: Tensor) -> Tensor:
        return (labels - self.low) / (self.high - self.low) - 0.5


def pretend_emulator(
    n_labels: int = 5, n_pixels: int = 800, hidden: int = 40, pixel_kms: float = 15.0, seed: int = 1
) -> PretendEmulator:
    """Draw an emulator whose lines are about three pixels wide."""
    draw = torch.Generator().manual_seed(seed)
    strength = 1.5 * 0.8 ** torch.arange(n_labels)
    first = torch.randn(hidden, n_labels, generator=draw) * strength
    second = torch.randn(hidden, hidden, generator=draw) / hidden**0.5
    peaks = torch.rand(n_pixels, generator=draw) ** 8
    last = torch.randn(n_pixels, hidden, generator=draw) * peaks[:, None] * (0.5 / hidden**0.5)
    biases = 0.3 * torch.randn(2, hidden, generator=draw)
    at = torch.arange(-6.0, 7.0)
    line = torch.exp(-0.5 * (at / 1.3) ** 2)
    last = torch.nn.functional.conv1d(last.T[:, None], line[None, None], padding=6)[:, 0].T
    depths = torch.nn.functional.conv1d(peaks[None, None], line[None, None], padding=6)[0, 0]
    layers = ((first, biases[0]), (second, biases[1]), (last.contiguous(), 1.0 - 0.25 * depths))
    wavelength = 5000.0 * torch.exp(
        torch.arange(n_pixels, dtype=torch.float64) * (pixel_kms / 2.99792458e5)
    )
    low = torch.linspace(-1.0, 1.0, n_labels)
    return PretendEmulator(wavelength, low, low + 2.0, layers)
