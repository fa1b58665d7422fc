from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from starledger.compute.fitters.free_width import FreeWidth
from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS
from tests.compute.fitters.pretend_emulator import PretendEmulator, pretend_emulator


class OneLine(PretendEmulator):
    """A single line of Gaussian profile, 1.5 pixels wide; its one label is its depth."""

    def flux(self, labels: Tensor) -> Tensor:
        pixels = torch.arange(len(self.wavelength))
        profile = torch.exp(-0.5 * ((pixels - len(pixels) // 2) / 1.5) ** 2)
        return 1.0 - labels[:, :1] * profile


@pytest.fixture(scope="module")
def wide() -> FreeWidth:
    return FreeWidth.of(pretend_emulator())


def some_labels(wide: FreeWidth) -> Tensor:
    part = torch.rand(20, len(wide.low), generator=torch.Generator().manual_seed(4))
    return wide.low + (0.2 + 0.6 * part) * (wide.high - wide.low)


def test_its_labels_are_the_star_s_and_the_variance(wide: FreeWidth) -> None:
    assert wide.labels == (*wide.star.labels, "line_variance")
    assert len(wide.low) == len(wide.high) == len(wide.labels)
    assert float(wide.low[-1]) < 0.0 < float(wide.high[-1])


def test_without_a_variance_it_is_the_star(wide: FreeWidth) -> None:
    labels = some_labels(wide)
    labels[:, -1] = 0.0
    assert torch.equal(wide.flux(labels), wide.star.flux(labels[:, :-1]))


def test_gradients_are_differences(wide: FreeWidth) -> None:
    labels = some_labels(wide).double()
    flux, gradient = wide.flux_and_gradient(labels.float())
    assert torch.allclose(flux, wide.flux(labels.float()), atol=1e-6)
    for i, step in enumerate((1e-3 * (wide.high - wide.low).double()).tolist()):
        away = torch.zeros(len(wide.low), dtype=torch.float64)
        away[i] = step
        up, down = (wide.flux((labels + sign * away).float()) for sign in (1, -1))
        found, expected = gradient[:, :, i], (up - down) / (2.0 * step)
        assert float((found - expected).abs().max()) < 0.02 * float(found.abs().max())


@pytest.mark.parametrize("variance", [-1500.0, 600.0, 2500.0])
def test_lines_have_the_variance_in_km_s(variance: float) -> None:
    wavelength = 4000.0 * torch.exp(torch.arange(101, dtype=torch.float64) * 2.3e-4)
    depth = torch.tensor([0.5])
    wide = FreeWidth.of(OneLine(wavelength, 0.0 * depth, 2.0 * depth, ()))
    kms = LIGHT_SPEED_KMS * (wavelength / wavelength[50]).log()

    def moments(labels: list[float]) -> tuple[float, float]:
        line = 1.0 - wide.flux(torch.tensor([labels]))[0].double()
        return float(line.sum()), float((line * kms**2).sum() / line.sum())

    (strength, width), (as_strong, wider) = moments([0.5, 0.0]), moments([0.5, variance])
    assert as_strong == pytest.approx(strength, rel=1e-5)
    assert wider - width == pytest.approx(variance, rel=1e-3)


def test_nothing_is_read_across_a_gap() -> None:
    pixels = torch.arange(60, dtype=torch.float64)
    wavelength = 5000.0 + 1.2 * pixels + 300.0 * (pixels >= 30)
    part = torch.tensor([0.0, 1.0])
    wide = FreeWidth.of(replace(pretend_emulator(n_pixels=60), wavelength=wavelength))
    labels = (wide.low + part[:, None] * (wide.high - wide.low)).float()
    labels[:, :-1] = labels[:1, :-1]
    narrow, broad = wide.flux(labels)
    same = (narrow == broad).nonzero()[:, 0].tolist()
    assert same == [0, 29, 30, 59]
