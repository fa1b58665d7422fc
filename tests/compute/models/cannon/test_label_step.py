"""The labels of spectra at rest by a Cannon."""

from __future__ import annotations

import torch

from starledger.compute.models.base import Convergence, Spectra
from starledger.compute.models.cannon.emulator import Cannon
from starledger.compute.models.cannon.label_step import LabelStep
from starledger.compute.models.cannon.training import train
from tests.compute.models.cannon.made_up_stars import MIDDLE, WIDTH, made_up_stars


def learnt() -> Cannon:
    return train(made_up_stars(n_stars=400))


def seen(cannon: Cannon, n: int, error: float = 0.01) -> tuple[torch.Tensor, Spectra]:
    draws = torch.Generator().manual_seed(11)
    x = torch.rand(n, 3, generator=draws, dtype=torch.float64) - 0.5
    labels = MIDDLE + x * WIDTH
    clean = cannon.flux(labels)
    noise = torch.randn(clean.shape, generator=draws, dtype=torch.float64)
    flux = clean + noise * (error**2 + cannon.scatter**2).sqrt()
    return labels, Spectra(flux, torch.full_like(flux, error**-2))


def test_noiseless_spectra_give_their_labels() -> None:
    cannon = learnt()
    labels, spectra = seen(cannon, 20)
    fits = LabelStep(cannon)(Spectra(cannon.flux(labels), spectra.ivar))
    assert ((fits.labels - labels).abs() < 1e-4 * WIDTH).all()
    assert fits.convergence == (Convergence.CONVERGED,) * 20
    assert (fits.chi2.abs() < 1e-5).all()


def test_pulls_are_normal_and_bounds_below_the_errors() -> None:
    cannon = learnt()
    labels, spectra = seen(cannon, 3000)
    fits = LabelStep(cannon)(spectra)
    pull = (fits.labels - labels) / fits.errors
    assert (pull.mean(dim=0).abs() < 0.06).all()
    assert ((pull.std(dim=0) - 1.0).abs() < 0.05).all()
    assert abs(float(fits.chi2.mean()) - 57.0) < 1.0
    assert (fits.bounds < fits.errors).all()


def test_the_found_labels_are_the_best() -> None:
    cannon = learnt()
    _, spectra = seen(cannon, 10)
    fits = LabelStep(cannon)(spectra)
    weights = spectra.ivar / (1.0 + spectra.ivar * cannon.scatter**2)

    def chi2(labels: torch.Tensor) -> torch.Tensor:
        return ((spectra.flux - cannon.flux(labels)) ** 2 * weights).sum(dim=1)

    torch.testing.assert_close(chi2(fits.labels), fits.chi2, rtol=1e-9, atol=1e-6)
    for i in range(3):
        step = torch.zeros_like(fits.labels)
        step[:, i] = 0.1 * fits.errors[:, i]
        assert (chi2(fits.labels + step) > fits.chi2).all()
        assert (chi2(fits.labels - step) > fits.chi2).all()


def test_bad_spectra_fail_alone() -> None:
    cannon = learnt()
    labels, spectra = seen(cannon, 6)
    spectra.flux[0, 3] = torch.nan
    spectra.ivar[1] = 0.0
    spectra.ivar[2, 2:] = 0.0
    spectra.ivar[3, 5] = -1.0
    spectra.flux[4] = cannon.flux(cannon.high[None] + 3 * WIDTH)[0]
    fits = LabelStep(cannon)(spectra)
    assert fits.convergence == (
        Convergence.NOT_FINITE,
        Convergence.TOO_FEW_PIXELS,
        Convergence.TOO_FEW_PIXELS,
        Convergence.NOT_FINITE,
        Convergence.ON_BOUND,
        Convergence.CONVERGED,
    )
    assert fits.labels[:4].isnan().all()
    assert fits.covariance[:4].isnan().all()
    assert fits.bounds[:2].isnan().all()
    assert ((fits.labels[5] - labels[5]).abs() < 6 * fits.errors[5]).all()


def test_pixels_that_say_nothing_of_a_label_are_singular() -> None:
    stars = made_up_stars()
    mask = torch.ones(3, 60, dtype=torch.bool)
    mask[1, 20:] = False
    cannon = train(stars, label_mask=mask)
    stars.spectra.ivar[0, :20] = 0.0
    fits = LabelStep(cannon)(stars.spectra)
    assert fits.convergence[0] is Convergence.SINGULAR
    assert fits.covariance[0].isnan().all()
    assert Convergence.SINGULAR not in fits.convergence[1:]


def test_company_does_not_matter() -> None:
    cannon = learnt()
    _, spectra = seen(cannon, 12)
    together = LabelStep(cannon)(spectra).labels
    alone = LabelStep(cannon)(Spectra(spectra.flux[7:8], spectra.ivar[7:8])).labels
    assert ((together[7:8] - alone).abs() < 1e-6 * WIDTH).all()
