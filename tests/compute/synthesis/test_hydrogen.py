"""Hydrogen lines have the right area and wings, and tell temperature and gravity."""

from __future__ import annotations

import pytest
import torch

from starledger.compute.synthesis.constants import LIGHT_SPEED, LINE_CROSS_SECTION
from starledger.compute.synthesis.hydrogen import HydrogenLine, hydrogen_line_opacity
from starledger.compute.synthesis.labels import label_tensor
from starledger.compute.synthesis.lines import observed_lines
from starledger.compute.synthesis.synthesizer import Synthesizer
from starledger.compute.synthesis.velocity_grid import VelocityGrid

BETA = HydrogenLine(2, 4)


def width(line: HydrogenLine, reach: float, **labels: float | list[float]) -> list[float]:
    """Equivalent widths in Å of a Balmer line without any other lines, per star."""
    at = line.wavelength
    grid = VelocityGrid.covering(at - reach, at + reach)
    nothing = observed_lines().between(1.0, 2.0)
    spectrum = Synthesizer(grid, nothing, torch.float64).spectrum(label_tensor(labels))
    return torch.trapezoid(1 - spectrum.normalised, grid.wavelength()).tolist()


@pytest.mark.parametrize("electrons", [1e10, 1e13, 1e15])
def test_profile_has_area_one(electrons: float) -> None:
    offset = torch.linspace(-10, 10, 400_001, dtype=torch.float64) ** 3
    t, n_e, n_h = (torch.tensor(x, dtype=torch.float64) for x in (8000.0, electrons, 1.0))
    at = (BETA.wavelength + offset)[:, None]
    opacity = hydrogen_line_opacity(BETA, at, t, n_e, n_h)[:, 0]
    area = float(torch.trapezoid(opacity, offset))
    lower = 4 * torch.exp(-10.1985 / (8.617333e-5 * t))
    expected = (
        LINE_CROSS_SECTION * BETA.oscillator_strength * BETA.wavelength**2 * 1e-8 / LIGHT_SPEED
    )
    assert area / float(lower * expected) == pytest.approx(1.0, abs=0.02)


def test_wings_fall_with_the_power_of_holtsmark() -> None:
    t, n_e, n_h = (torch.tensor(x, dtype=torch.float64) for x in (9000.0, 1e14, 1.0))
    at = BETA.wavelength + torch.tensor([[20.0], [40.0]], dtype=torch.float64)
    near, far = hydrogen_line_opacity(BETA, at, t, n_e, n_h)[:, 0]
    assert float(torch.log2(near / far)) == pytest.approx(2.5, abs=0.1)


def test_balmer_lines_grow_steeply_with_temperature() -> None:
    cool, sun, warm, hot = width(BETA, 60.0, teff=[5000.0, 5777.0, 6500.0, 8000.0], logg=4.2)
    assert cool < sun < warm < hot
    assert 2.0 < sun < 5.0  # 3.7 Å in the Sun
    assert 10.0 < hot < 20.0  # some 16 Å at A5


def test_wings_feel_gravity_in_hot_stars_only() -> None:
    giant, dwarf = width(BETA, 60.0, teff=8000.0, logg=[3.0, 4.5])
    assert dwarf > 1.2 * giant
    giant, dwarf = width(BETA, 60.0, teff=5500.0, logg=[3.0, 4.5])
    assert dwarf / giant == pytest.approx(1.0, abs=0.25)
