from __future__ import annotations

import torch

from starledger.compute.fitters.levenberg import blocks_of
from starledger.compute.models.activations import SIGMOID
from starledger.compute.models.per_pixel import PerPixelNetwork
from starledger.compute.models.shared_network import SharedNetwork
from starledger.compute.models.tangents import BLOCKS, Blocks, Factored, Written
from tests.compute.fitters.pretend_emulator import pretend_emulator


def factored() -> Factored:
    draw = torch.Generator().manual_seed(5)
    inner, outer = torch.randn(9, 4, 12, generator=draw), torch.randn(12, 900, generator=draw)
    return Factored(torch.randn(9, 900, generator=draw), inner, outer)


def written(stars: Factored) -> Written:
    return Written(stars.flux, (stars.inner @ stars.outer).mT)


def off(near: torch.Tensor, exact: torch.Tensor) -> torch.Tensor:
    """Return the differences of two matrices in units of what each entry can be at most."""
    scale = exact.diagonal(dim1=1, dim2=2).sqrt()
    return ((near - exact) / (scale[:, :, None] * scale[:, None, :])).abs()


def test_factors_do_what_written_derivatives_do() -> None:
    one = factored()
    other = written(one)
    draw = torch.Generator().manual_seed(6)
    values = torch.randn(9, 2, 900, generator=draw)
    assert torch.allclose(one.gathered(values), other.gathered(values), rtol=1e-3, atol=1e-3)
    weights = torch.rand(9, 900, generator=draw)
    assert torch.allclose(one.information(weights), other.information(weights), rtol=1e-4, atol=0.1)


def test_blocks_are_exact_where_weights_are_the_same_in_each() -> None:
    stars = factored()
    blocks = Blocks.of(stars)
    draw = torch.Generator().manual_seed(7)
    # 900 pixels are no multiple of the blocks: the last one is short.
    weights = torch.rand(9, BLOCKS, generator=draw).repeat_interleave(blocks.width, 1)[:, :900]
    exact, near = stars.information(weights), blocks.information(stars, weights)
    assert float(off(near, exact).max()) < 0.05
    # All factors are needed for derivatives that lie in all directions.
    assert blocks.basis.shape[0] == 12


def test_blocks_lead_nearly_as_well_for_any_weights() -> None:
    stars = factored()
    draw = torch.Generator().manual_seed(8)
    weights = torch.rand(9, 900, generator=draw).round()
    exact = stars.information(weights)
    near = Blocks.of(stars).information(stars, weights)
    assert float(off(near, exact).max()) < 0.2


def test_derivatives_in_few_directions_need_few_factors() -> None:
    draw = torch.Generator().manual_seed(9)
    inner = torch.randn(9, 4, 3, generator=draw) @ torch.randn(3, 12, generator=draw)
    stars = Factored(torch.zeros(9, 900), inner, torch.randn(12, 900, generator=draw))
    blocks = Blocks.of(stars)
    assert blocks.basis.shape == (12, 3)
    weights = torch.ones(9, 900)
    assert float(off(blocks.information(stars, weights), stars.information(weights)).max()) < 1e-4


def test_only_many_pixels_for_few_factors_are_worth_it() -> None:
    assert blocks_of(pretend_emulator(n_pixels=800, hidden=40)) is not None
    assert blocks_of(pretend_emulator(n_pixels=70, hidden=40)) is None


def test_networks_tell_them_in_the_form_that_suits_them() -> None:
    scaled, rate = torch.zeros(2, 3), torch.ones(3)
    generator = torch.Generator().manual_seed(1)
    shared = SharedNetwork.random(3, 50, (20, 20), SIGMOID, generator)
    per_pixel = PerPixelNetwork.random(3, 50, (5,), SIGMOID, generator)
    for network, has_factors in ((shared, True), (per_pixel, False)):
        found = network.tangents(scaled, rate)
        flux, gradient = network.flux_and_gradient(scaled, rate)
        assert (found.factors() is not None) is has_factors
        assert torch.equal(found.flux, flux)
        ones = torch.ones(2, 1, 50)
        assert torch.allclose(found.gathered(ones)[:, 0], gradient.sum(2), atol=1e-5)
