from __future__ import annotations

import pytest
import torch
from torch import Tensor

from starledger.compute.synthesis.shapes import cool_dwarf, hot_star, white_dwarf

WAVELENGTH = torch.arange(3700.0, 9000.0, dtype=torch.float64)


def full(value: float, stars: int) -> Tensor:
    return torch.full((stars,), value, dtype=torch.float64)


def width(flux: Tensor, centre: float, reach: float) -> Tensor:
    """Equivalent width in Å against the flux at both ends of the window."""
    inside = (WAVELENGTH - centre).abs() <= reach
    piece = flux[:, inside]
    share = torch.linspace(0, 1, piece.shape[1], dtype=torch.float64)
    line = torch.lerp(piece[:, :1], piece[:, -1:], share)
    return (1 - piece / line).sum(1)


def test_balmer_lines_peak_at_a0() -> None:
    teff = torch.tensor([8000.0, 9500.0, 20000.0, 40000.0], dtype=torch.float64)
    w = width(hot_star(WAVELENGTH, teff, full(4.0, 4)), 4862.7, 60.0)
    assert int(w.argmax()) == 1
    assert float(w[1]) == pytest.approx(15.0, abs=6.0)


def test_helium_tells_b_from_o_stars() -> None:
    teff = torch.tensor([20000.0, 45000.0], dtype=torch.float64)
    flux = hot_star(WAVELENGTH, teff, full(4.0, 2))
    neutral, ionised = width(flux, 4472.7, 12.0), width(flux, 4687.0, 12.0)
    assert bool(neutral[0] > neutral[1])
    assert bool(ionised[1] > ionised[0])


def test_white_dwarfs_have_the_broadest_lines() -> None:
    teff = full(12000.0, 2)
    dwarf = white_dwarf(WAVELENGTH, teff[:1], full(8.0, 1), torch.tensor([False]))
    star = hot_star(WAVELENGTH, teff[:1], full(4.0, 1))
    assert float(width(dwarf, 4862.7, 120.0)) > 1.8 * float(width(star, 4862.7, 120.0))


def test_cool_dwarfs_redden_and_lose_their_oxides() -> None:
    teff = torch.tensor([1800.0, 2900.0], dtype=torch.float64)
    flux = cool_dwarf(WAVELENGTH, teff, full(5.0, 2), full(0.0, 2))
    colour = flux[:, WAVELENGTH > 8000].mean(1) / flux[:, WAVELENGTH < 6000].mean(1)
    assert bool(colour[0] > 10 * colour[1])
    assert float(flux[1, WAVELENGTH == 7070.0] / flux[1, WAVELENGTH == 7040.0]) < 0.7


@pytest.mark.parametrize("teff", [1700.0, 3500.0, 8000.0, 30000.0, 100_000.0])
def test_all_are_finite_and_positive_everywhere(teff: float) -> None:
    one, logg = full(teff, 1), full(5.0, 1)
    for flux in (
        hot_star(WAVELENGTH, one, logg),
        white_dwarf(WAVELENGTH, one, logg + 3, torch.tensor([True])),
        cool_dwarf(WAVELENGTH, one, logg, full(0.0, 1)),
    ):
        assert bool((flux.isfinite() & (flux > 0)).all())
