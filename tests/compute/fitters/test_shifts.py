from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from starledger.compute.fitters.doppler import Doppler
from starledger.compute.fitters.shifts import EvenShift, UnevenShift

PIXEL_KMS = 10.0
C_KMS = 299792.458


def grid(n: int = 400, gap: int = 0) -> Tensor:
    """Return wavelengths of equal steps, with one gap of so many pixels in the middle."""
    at = torch.arange(n, dtype=torch.float64)
    at[n // 2 :] += gap
    return 5000.0 * torch.exp(at * PIXEL_KMS / C_KMS)


@dataclass(frozen=True)
class Jittered:
    """The same star on a grid whose steps differ."""

    wavelength: Tensor

    @classmethod
    def of(cls, even: Tensor) -> Jittered:
        step = 0.3 * torch.sin(torch.arange(len(even)).double())
        return cls(even * torch.exp(step * PIXEL_KMS / C_KMS))


def star(wavelength: Tensor) -> Tensor:
    """Return a spectrum of smooth lines, some pixels wide."""
    x = torch.log(wavelength / 5000.0) * C_KMS / PIXEL_KMS
    return (1.0 - 0.3 * torch.sin(x / 5.0) * torch.cos(x / 7.0) ** 2).float()


def moved_star(wavelength: Tensor, rv: Tensor) -> Tensor:
    return torch.stack([star(wavelength / (1.0 + v / C_KMS)) for v in rv.tolist()])


@pytest.mark.parametrize("even", [True, False])
def test_a_star_is_seen_where_it_moved(even: bool) -> None:
    wavelength = grid() if even else Jittered.of(grid()).wavelength
    doppler, rv = Doppler(wavelength), torch.tensor([-310.0, -3.3, 0.0, 4.9, 277.7])
    shift = doppler.shift(rv)
    assert isinstance(shift, EvenShift if even else UnevenShift)
    seen, true = shift.apply(star(wavelength).expand(5, -1)), moved_star(wavelength, rv)
    readable = doppler.readable(rv, 0.0)
    assert 0.8 < float(readable.double().mean()) < 1.0
    limit = 2e-4 if even else 5e-3  # the kernel is made for equal steps
    assert float((seen - true)[readable].abs().max()) < limit


@given(rv=st.floats(-500.0, 500.0), seed=st.integers(0, 99), even=st.booleans())
def test_the_transpose_is_the_transpose(rv: float, seed: int, even: bool) -> None:
    wavelength = grid(120) if even else Jittered.of(grid(120)).wavelength
    doppler = Doppler(wavelength)
    draw = torch.Generator().manual_seed(seed)
    rest, observed = torch.randn(2, 1, 120, generator=draw)
    observed = observed * doppler.readable(torch.tensor([rv]), 0.0)
    shift = doppler.shift(torch.tensor([rv]))
    forth, back = (shift.apply(rest) * observed).sum(), (rest * shift.transposed(observed)).sum()
    assert float(forth) == pytest.approx(float(back), abs=1e-4)
    weights = observed.abs()
    spread = shift.spread(weights)
    assert float(spread.min()) >= 0.0
    assert float(spread.sum()) == pytest.approx(float(weights.sum()), rel=1e-4)


def test_the_slope_is_that_of_the_spectrum() -> None:
    wavelength = grid()
    doppler, rv = Doppler(wavelength), torch.tensor([-33.3, 12.0], dtype=torch.float64)
    rest = star(wavelength).expand(2, -1)
    flux, slope = doppler.shift(rv).apply_with_slope(rest)
    assert torch.allclose(flux, doppler.shift(rv).apply(rest), atol=1e-6)
    up, down = (doppler.shift(rv + step).apply(rest) for step in (0.5, -0.5))
    assert torch.allclose(slope[:, 10:-10], (up - down)[:, 10:-10], atol=2e-5)


@pytest.mark.parametrize("gap", [4, 60])
@pytest.mark.parametrize("rv", [-250.0, -25.0, 25.0, 250.0])
def test_what_is_read_across_a_gap_is_not_readable(gap: int, rv: float) -> None:
    wavelength = grid(gap=gap)
    doppler, rvs = Doppler(wavelength), torch.tensor([rv])
    seen = doppler.shift(rvs).apply(star(wavelength)[None])
    readable = doppler.readable(rvs, 0.0)
    assert bool((~readable[0, 190:210]).any())
    assert float((seen - moved_star(wavelength, rvs))[readable].abs().max()) < 2e-4


def test_many_gaps_are_read_around() -> None:
    wavelength = torch.cat([grid()[i : i + 30] for i in range(0, 400, 40)])
    doppler = Doppler(wavelength)
    assert isinstance(doppler.shift(torch.zeros(1)), UnevenShift)
