"""Weighted least squares for all pixels at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from starledger.compute.models.cannon.least_squares import Design, PairSums, UndeterminedTerms


def test_pixels_agree_with_one_at_a_time() -> None:
    random = np.random.default_rng(3)
    terms, flux = (
        random.normal(size=(40, 6)) * [1, 1e3, 1e-3, 1, 1, 10],
        random.normal(size=(40, 9)),
    )
    weights = random.uniform(0.0, 100.0, size=(40, 9))
    design = Design(torch.from_numpy(terms))
    solution = design.solve(torch.from_numpy(flux), torch.from_numpy(weights))
    found = design.of_terms(solution.coefficients).numpy()
    for pixel in range(9):
        root = np.sqrt(weights[:, pixel])
        alone = np.linalg.lstsq(terms * root[:, None], flux[:, pixel] * root, rcond=None)[0]
        np.testing.assert_allclose(found[:, pixel], alone, rtol=1e-9)


def test_a_pixel_that_few_stars_have_is_undetermined() -> None:
    design = Design(torch.randn(20, 4, dtype=torch.float64))
    weights = torch.ones(20, 2, dtype=torch.float64)
    weights[4:, 1] = 0.0
    solution = design.solve(torch.ones(20, 2, dtype=torch.float64), weights)
    assert solution.determined.tolist() == [True, False]
    assert not solution.coefficients[1].any()


@pytest.mark.parametrize("rows", [3, 30])
def test_terms_that_the_stars_do_not_tell_apart_are_refused(rows: int) -> None:
    terms = torch.randn(rows, 4, dtype=torch.float64)
    terms[:, 3] = 2.0 * terms[:, 1]
    with pytest.raises(UndeterminedTerms, match="do not determine 4 terms"):
        Design(terms)


def test_pair_sums_are_normal_matrices() -> None:
    columns, weights = torch.randn(30, 5).double(), torch.rand(30, 7).double()
    expected = torch.einsum("ri,rj,rc->cij", columns, columns, weights)
    torch.testing.assert_close(PairSums.of(columns)(weights), expected)
