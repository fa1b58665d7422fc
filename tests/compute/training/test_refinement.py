from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from starledger.compute.fitters.settings import FitSettings
from starledger.compute.models.base import Spectra
from starledger.compute.training.label_sampling import LabelSampling, sparse_sampling
from starledger.compute.training.networks import TrainingSettings, TrainingSpectra
from starledger.compute.training.refinement import (
    NothingToRefine,
    Refined,
    RefinementSettings,
    refine,
    refined_sampling,
)

CPU = torch.device("cpu")
LABELS = ("teff", "logg", "fe_h", "mg_fe", "ni_fe")
WAVELENGTH = torch.linspace(5000.0, 5060.0, 60, dtype=torch.float64)
SETTINGS = RefinementSettings(
    n_spectra=400,
    training=TrainingSettings(max_epochs=60),
    fitting=FitSettings(rv_range=None),
)
SIGMA = 0.002


def toy_flux(labels: Tensor) -> Tensor:
    """Return spectra in which each label has a line of its own, stronger in cool stars."""
    teff, logg, fe_h, mg, ni = labels.T[:, :, None]
    cool = (6000.0 - teff) / 4000.0
    flux = torch.ones(len(labels), len(WAVELENGTH), dtype=torch.float64)
    for centre, width, strength in (
        (5008.0, 2.0, cool),
        (5020.0, 2.0 + 0.3 * logg, cool + 0.3),
        (5032.0, 1.5, fe_h),
        (5043.0, 1.5, fe_h + mg),
        (5053.0, 1.5, 1.5 * (fe_h + ni)),
    ):
        depth = 0.6 * torch.sigmoid(torch.as_tensor(strength + 0.3 * cool))
        flux = flux - depth * torch.exp(-(((WAVELENGTH - centre) / width) ** 2))
    return flux


def synthesise(labels: NDArray[np.float64]) -> TrainingSpectra:
    given = torch.from_numpy(labels)
    return TrainingSpectra(LABELS, given, WAVELENGTH, toy_flux(given).float(), "none")


def survey(n: int = 1500) -> Spectra:
    """Return spectra of stars whose magnesium falls with their iron; nickel is nearly solar."""
    rng = np.random.default_rng(3)
    labels = sparse_sampling(LABELS).draw(n, seed=9)
    labels[:, 3] = -0.25 * labels[:, 2] + 0.03 * rng.standard_normal(n)
    labels[:, 4] = 0.02 * rng.standard_normal(n)
    flux = toy_flux(torch.from_numpy(labels)).numpy()
    noisy = torch.from_numpy(flux + SIGMA * rng.standard_normal(flux.shape)).float()
    return Spectra(noisy, torch.full_like(noisy, SIGMA**-2))


@pytest.fixture(scope="module")
def sampling() -> LabelSampling:
    return sparse_sampling(LABELS)


@pytest.fixture(scope="module")
def refined(sampling: LabelSampling) -> Refined:
    return refine(survey(), sampling, synthesise, SETTINGS, CPU)


def test_abundances_follow_the_survey(refined: Refined) -> None:
    bins = refined.last.sampling.abundances
    middles = (bins.edges[:-1] + bins.edges[1:]) / 2
    found = (bins.low + bins.high)[:, 0] / 2
    np.testing.assert_allclose(found, -0.25 * middles, atol=0.05)
    assert (bins.high - bins.low).mean() < 0.5
    assert refined.n_good > 1400


def test_all_other_labels_are_drawn_as_before(refined: Refined) -> None:
    first, last = (one.sampling.draw(300, seed=1) for one in (refined.first, refined.last))
    np.testing.assert_array_equal(first[:, :3], last[:, :3])
    assert not np.isclose(first[:, 3:], last[:, 3:]).all(axis=1).any()


def test_the_second_network_is_better_for_the_survey(refined: Refined) -> None:
    rng = np.random.default_rng(8)
    labels = refined.first.sampling.draw(400, seed=77)
    labels[:, 3] = -0.25 * labels[:, 2] + 0.03 * rng.standard_normal(400)
    labels[:, 4] = 0.02 * rng.standard_normal(400)
    given = torch.from_numpy(labels)
    errors = [
        float((one.payne.flux(given) - toy_flux(given)).abs().mean())
        for one in (refined.first, refined.last)
    ]
    assert errors[1] < errors[0] < 5e-3


def test_bad_fits_teach_nothing(refined: Refined, sampling: LabelSampling) -> None:
    with pytest.raises(NothingToRefine, match="Only 0 of 1500"):
        refined_sampling(sampling, refined.fits, max_reduced_chi2=0.0)
