from __future__ import annotations

import numpy as np
import pytest

from starledger.compute.training.abundance_bins import (
    MIN_STARS,
    SPARSE,
    AbundanceBins,
    BadBins,
)

BINS = AbundanceBins.sparse(["mg_fe", "ni_fe"], (-1.0, 0.0))


def test_the_sparse_ranges_are_the_papers() -> None:
    np.testing.assert_allclose(np.diff(BINS.edges), 0.2)
    assert (BINS.low == -SPARSE).all()
    assert (BINS.high == SPARSE).all()


def test_stars_beyond_the_ends_belong_to_the_last_bins() -> None:
    assert BINS.bin_of(np.array([-2.0, -0.99, -0.01, 0.0, 0.7])).tolist() == [0, 0, 4, 4, 4]


def test_refined_ranges_follow_the_stars() -> None:
    rng = np.random.default_rng(1)
    fe_h = rng.uniform(-1.0, 0.0, 4000)
    mg = -0.3 * fe_h + 0.05 * rng.standard_normal(4000)
    ni = 0.01 * rng.standard_normal(4000)
    # Some fits went astray.
    mg[:40] = 0.5
    refined = BINS.refined(fe_h, np.stack([mg, ni], axis=1))
    middle = (refined.low + refined.high)[:, 0] / 2
    np.testing.assert_allclose(middle, -0.3 * (BINS.edges[:-1] + BINS.edges[1:]) / 2, atol=0.02)
    np.testing.assert_allclose((refined.high - refined.low)[:, 0] / 2, 0.15, atol=0.03)
    # An element that does not vary still varies enough to be learned.
    np.testing.assert_allclose((refined.high - refined.low)[:, 1] / 2, 0.1, atol=1e-9)


def test_bins_with_few_stars_stay_and_none_widens() -> None:
    fe_h = np.full(MIN_STARS, -0.9)
    far = np.tile([[0.5, -0.5]], (MIN_STARS, 1))
    refined = BINS.refined(fe_h, far)
    assert refined.low[0].tolist() == pytest.approx([0.3, -0.5])
    assert refined.high[0].tolist() == pytest.approx([0.5, -0.3])
    assert (refined.high[1:] == SPARSE).all()
    assert (BINS.refined(fe_h[1:], far[1:]).low == -SPARSE).all()


def test_ranges_that_do_not_fit_are_refused() -> None:
    with pytest.raises(BadBins):
        AbundanceBins(("mg_fe",), BINS.edges, BINS.low, BINS.high)
    with pytest.raises(BadBins):
        AbundanceBins(BINS.names, BINS.edges, BINS.high, BINS.low)
