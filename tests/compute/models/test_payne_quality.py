from __future__ import annotations

from math import nan

import pytest
import torch

from starledger.compute.models.base import Convergence, Fits
from starledger.compute.models.payne_quality import quality_flags, reduced_chi2

LABELS = ("teff", "vmac")


def fits_of(
    vmac: list[float],
    chi2: list[float],
    *,
    n_pixels: int = 1003,
    ends: Convergence = Convergence.CONVERGED,
) -> Fits:
    """Return fits of two labels and the radial velocity with so many degrees of freedom."""
    n = len(vmac)
    labels = torch.stack([torch.full((n,), 5000.0), torch.tensor(vmac)], 1).double()
    return Fits(
        labels=labels,
        covariance=torch.eye(3).double().expand(n, 3, 3),
        rv=torch.zeros(n).double(),
        chi2=torch.tensor(chi2).double(),
        n_pixels=torch.full((n,), n_pixels),
        convergence=(ends,) * n,
        steps=torch.ones(n),
        bounds=torch.ones_like(labels),
    )


def test_the_flags_are_spelled_as_in_the_catalog() -> None:
    fits = fits_of([1.0, 1.0, 29.99, 23.57, 20.0], [9.9e3, 3.2e5, 2.4e4, 2.8e5, 5e4])
    assert quality_flags(fits, LABELS) == [
        "good",
        "chi2_R > 50",
        "vmac > 20kms",
        "vmac > 20kms ; chi2_R > 50",
        "good",
    ]


def test_without_vmac_only_chi2_counts() -> None:
    assert quality_flags(fits_of([30.0], [9.9e3]), ("teff", "vsini")) == ["good"]


def test_a_failed_fit_has_its_reason() -> None:
    failed = fits_of([nan], [nan], ends=Convergence.NO_FLUX)
    assert quality_flags(failed, LABELS) == [Convergence.NO_FLUX.value]


def test_a_fit_without_degrees_of_freedom_is_not_good() -> None:
    fits = fits_of([1.0], [0.0], n_pixels=3)
    assert bool(reduced_chi2(fits).isnan().all())
    assert quality_flags(fits, LABELS) == ["chi2_R > 50"]


def test_degrees_of_freedom_are_pixels_less_what_was_fitted() -> None:
    assert float(reduced_chi2(fits_of([1.0], [2000.0]))) == pytest.approx(2.0)


def test_no_fits_have_no_flags() -> None:
    assert quality_flags(fits_of([], []), LABELS) == []
