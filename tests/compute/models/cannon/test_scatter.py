"""The intrinsic scatter of each pixel."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from starledger.compute.models.cannon.least_squares import Design
from starledger.compute.models.cannon.scatter import (
    fit_scatter,
    minus_two_log_likelihood,
    weights_with,
    with_scatter,
)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from([1e-3, 0.01, 0.1]), st.sampled_from([0.0, 0.3]))
def test_no_other_scatter_is_likelier(seed: int, error: float, missing: float) -> None:
    draws = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=draws, dtype=torch.float64)

    design = Design(normal(50, 4))
    own = torch.linspace(0.0, 0.05, 12, dtype=torch.float64)
    errors = error * normal(50, 12).exp()
    flux = 1.0 + own * normal(50, 12) + errors * normal(50, 12)
    ivar = errors**-2 * (torch.rand(50, 12, generator=draws) >= missing)
    fitted = fit_scatter(design, flux, ivar)

    def likelihood(variance: torch.Tensor) -> torch.Tensor:
        solution = design.solve(flux, weights_with(variance, ivar))
        residuals = design.residuals(flux, solution)
        return minus_two_log_likelihood(residuals, weights_with(variance, ivar))

    best = likelihood(fitted.variance)
    for other in [0.0, *torch.logspace(-4, 0.5, 60, dtype=torch.float64).tolist()]:
        assert (best <= likelihood(torch.full_like(own, other**2)) + 1e-6).all()


def test_scatter_is_found() -> None:
    draws = torch.Generator().manual_seed(5)
    design = Design(torch.randn(4000, 3, generator=draws, dtype=torch.float64))
    noise = torch.randn(4000, 2, generator=draws, dtype=torch.float64)
    true = torch.tensor([0.01, 0.03], dtype=torch.float64)
    flux = (true**2 + 0.02**2).sqrt() * noise
    fitted = fit_scatter(design, flux, torch.full_like(flux, 0.02**-2))
    torch.testing.assert_close(fitted.variance.sqrt(), true, rtol=0.08, atol=0.0)


def test_a_given_scatter_is_kept() -> None:
    design = Design(torch.randn(30, 2, dtype=torch.float64))
    variance = torch.tensor([0.0, 4.0], dtype=torch.float64)
    flux = torch.randn(30, 2, dtype=torch.float64)
    assert with_scatter(design, flux, torch.ones_like(flux), variance).variance is variance
