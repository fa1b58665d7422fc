from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from starledger.compute.fitters.doppler import Doppler
from starledger.compute.models.base import Spectra
from tests.compute.fitters.pretend_emulator import PretendEmulator, pretend_emulator


@dataclass(frozen=True)
class Observed:
    """Spectra of stars whose labels and velocities are known."""

    labels: Tensor
    rv: Tensor
    spectra: Spectra


Observe = Callable[..., Observed]


@pytest.fixture(scope="session")
def emulator() -> PretendEmulator:
    return pretend_emulator()


@pytest.fixture(scope="session")
def observe(emulator: PretendEmulator) -> Observe:
    """Observe so many stars at a signal-to-noise ratio, without one free of noise."""

    def observe(
        count: int, snr: float | None = 100.0, at: float | None = None, seed: int = 3
    ) -> Observed:
        draw = torch.Generator().manual_seed(seed)
        n_labels = len(emulator.labels)
        part = 0.25 + 0.5 * torch.rand(count, n_labels, generator=draw)
        labels = emulator.low + part * (emulator.high - emulator.low)
        rv = (2.0 * torch.rand(count, generator=draw).double() - 1.0) * 280.0
        rv = rv if at is None else torch.full_like(rv, at)
        flux = Doppler(emulator.wavelength).shift(rv).apply(emulator.flux(labels))
        noise = torch.randn(flux.shape, generator=draw) / snr if snr else 0.0
        ivar = torch.full_like(flux, (snr or 100.0) ** 2)
        return Observed(labels, rv, Spectra(flux + noise, ivar))

    return observe
