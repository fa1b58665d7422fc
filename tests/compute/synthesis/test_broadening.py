from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from starledger.compute.synthesis.broadening import broaden
from starledger.compute.synthesis.resolution import OutsideGrid, Spectrograph
from starledger.compute.synthesis.velocity_grid import VelocityGrid

STEP = 1.0
PIXELS = 4096
VELOCITY = (torch.arange(PIXELS, dtype=torch.float64) - PIXELS // 2) * STEP
ZERO = torch.zeros(1, dtype=torch.float64)


def spike() -> Tensor:
    flux = torch.zeros(1, PIXELS, dtype=torch.float64)
    flux[0, PIXELS // 2] = 1.0
    return flux


def test_macroturbulence_is_its_gaussian() -> None:
    got = broaden(spike(), STEP, ZERO + 10.0, ZERO)[0]
    expected = torch.exp(-((VELOCITY / 10.0) ** 2)) / (10.0 * np.sqrt(np.pi))
    assert torch.allclose(got, expected, atol=1e-9)


def test_rotation_is_the_profile_of_a_darkened_disc() -> None:
    got = broaden(spike(), STEP, ZERO, ZERO + 60.0)[0]
    x = (1 - (VELOCITY / 60.0) ** 2).clamp(min=0)
    expected = 2 * 0.4 * x.sqrt() + 0.5 * np.pi * 0.6 * x
    expected /= np.pi * 60.0 * (1 - 0.6 / 3)
    assert float((got - expected).abs().max()) < 0.03 * float(expected.max())


def test_velocity_shifts_by_the_doppler_factor() -> None:
    flux = torch.exp(-0.5 * (VELOCITY / 8.0) ** 2)[None]
    got = broaden(flux, STEP, ZERO, ZERO, ZERO + 300.25)[0]
    centre = float((got * VELOCITY).sum() / got.sum())
    assert centre == pytest.approx(np.log1p(300.25 / 299792.458) * 299792.458, abs=1e-6)


def test_ends_are_continued() -> None:
    flux = torch.linspace(1, 2, PIXELS, dtype=torch.float64)[None]
    got = broaden(flux, STEP, ZERO + 20.0, ZERO + 20.0)
    assert torch.allclose(got, flux, atol=0.01)


GRID = VelocityGrid.covering(4980.0, 5040.0, step=1.0)
CENTRE = 5000.0


def line_seen(**resolution: float) -> tuple[np.ndarray, np.ndarray]:
    pixels = np.arange(4990.0, 5010.0, 0.05)
    flux = torch.zeros(1, len(GRID), dtype=torch.float64)
    flux[0, int((GRID.wavelength() - CENTRE).abs().argmin())] = 1.0
    see = Spectrograph(GRID, pixels, dtype=torch.float64, **resolution)  # type: ignore[arg-type]
    return pixels, see(flux)[0].numpy()


@pytest.mark.parametrize("resolution", [{"resolving_power": 2500.0}, {"fwhm": 2.0}])
def test_width_of_the_line_spread_function(resolution: dict[str, float]) -> None:
    pixels, seen = line_seen(**resolution)
    above = pixels[seen > seen.max() / 2]
    assert above[-1] - above[0] == pytest.approx(2.0, abs=0.1)


def test_constant_flux_stays() -> None:
    see = Spectrograph(GRID, np.arange(4990.0, 5030.0), resolving_power=np.linspace(1500, 2000, 40))
    assert torch.allclose(see(torch.ones(1, len(GRID))), torch.ones(1, 40), atol=1e-5)


def test_a_lopsided_line_spread_function_moves_the_line() -> None:
    pixels = np.arange(4990.0, 5010.0, 0.5)

    def lopsided(offset: np.ndarray) -> np.ndarray:
        return np.where(offset > 0, np.exp(-0.5 * offset**2), 0.0)

    flux = torch.zeros(1, len(GRID), dtype=torch.float64)
    flux[0, int((GRID.wavelength() - CENTRE).abs().argmin())] = 1.0
    see = Spectrograph(GRID, pixels, fwhm=4.0, shape=lopsided, dtype=torch.float64)
    seen = see(flux)[0].numpy()
    assert (pixels * seen).sum() / seen.sum() < CENTRE - 0.5


def test_pixels_outside_the_grid_are_refused() -> None:
    with pytest.raises(OutsideGrid, match="outside the synthesis"):
        Spectrograph(GRID, np.array([4000.0]), resolving_power=1800.0)
