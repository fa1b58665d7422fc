"""The density of true labels, from labels with errors."""

from __future__ import annotations

import torch
from torch import Tensor

from starledger.compute.models.cannon.label_mixture import deconvolved


def two_populations(n_stars: int = 3000) -> tuple[Tensor, Tensor, Tensor]:
    """Return true labels of two populations, measured ones, and errors that differ by star."""
    draws = torch.Generator().manual_seed(3)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=draws, dtype=torch.float64)

    giant = torch.arange(n_stars) % 3 == 0
    shared = normal(n_stars, 1)
    true = 0.2 * torch.cat([shared, 0.8 * shared + 0.6 * normal(n_stars, 1)], dim=1)
    true[giant] += torch.tensor([2.0, -1.0], dtype=torch.float64)
    share = torch.rand(n_stars, 2, generator=draws, dtype=torch.float64)
    errors = 0.05 + 0.25 * share
    return true, true + errors * normal(n_stars, 2), errors


def test_widths_and_correlations_are_those_of_the_truth() -> None:
    true, seen, errors = two_populations()
    mixture = deconvolved(seen, errors, components=2)
    heavy = int(mixture.weights.argmax())
    found = mixture.covariances[heavy]
    torch.testing.assert_close(mixture.weights[heavy].item(), 2 / 3, atol=0.02, rtol=0.0)
    dwarfs = true[torch.arange(len(true)) % 3 != 0]
    torch.testing.assert_close(found, dwarfs.T.cov(), atol=0.004, rtol=0.0)
    assert seen[torch.arange(len(true)) % 3 != 0].T.cov()[0, 0] > 1.5 * found[0, 0]


def test_what_it_says_of_a_star_is_better_than_what_was_measured_and_as_good_as_it_says() -> None:
    true, seen, errors = two_populations()
    mean, covariance = deconvolved(seen, errors, components=2).given(seen, errors)
    left = mean - true
    assert left.std(dim=0).max() < 0.8 * (seen - true).std(dim=0).min()
    pulls = left / covariance.diagonal(dim1=1, dim2=2).sqrt()
    torch.testing.assert_close(
        pulls.std(dim=0), torch.ones(2, dtype=torch.float64), atol=0.05, rtol=0.0
    )


def test_the_same_comes_out_twice_and_components_without_stars_fall_away() -> None:
    _, seen, errors = two_populations(30)
    one, other = (deconvolved(seen, errors, components=12) for _ in range(2))
    assert torch.equal(one.covariances, other.covariances)
    assert 1 <= len(one.weights) < 12
    assert one.covariances.isfinite().all()
