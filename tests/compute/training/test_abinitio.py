from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from starledger.compute.fitters.levenberg import Levenberg
from starledger.compute.fitters.settings import FitSettings
from starledger.compute.models.base import Spectra
from starledger.compute.models.payne import Payne
from starledger.compute.training.abinitio import abinitio
from starledger.compute.training.label_sampling import sparse_sampling
from starledger.compute.training.networks import (
    TrainingReport,
    TrainingSettings,
    TrainingSpectra,
    train_payne,
)
from starledger.compute.training.windows import BadWindow

WINDOW = (5200.0, 6800.0)
N_TAUGHT, N_UNSEEN = 2000, 300
# In this window, no line tells the others.
ELEMENTS = (
    "c_fe", "na_fe", "mg_fe", "al_fe", "si_fe", "ca_fe", "sc_fe", "ti_fe", "v_fe", "cr_fe",
    "mn_fe", "co_fe", "ni_fe", "cu_fe", "ba_fe",
)  # fmt: skip


def test_a_window_that_nobody_sees_is_refused() -> None:
    for window in ((10.0, 20.0), (5000.0, 5001.0), (5290.0, 5240.0)):
        with pytest.raises(BadWindow, match="fewer than 20") as caught:
            _ = abinitio("lamost_lrs", ["teff"], window=window).wavelength
        assert "Choose a window in" in str(caught.value.remedy)


def test_only_simulated_instruments_have_spectra() -> None:
    with pytest.raises(BadWindow, match="no ab-initio spectra for 'muse'"):
        abinitio("muse")


def test_pixels_between_detectors_are_unseen_and_empty() -> None:
    # The first gap of APOGEE's detectors lies near 15 820 Å.
    made = abinitio("apogee", ["teff", "fe_h"], window=(15780.0, 15880.0))
    assert 20 < made.unseen.sum() < len(made.wavelength) - 20
    flux = made.flux(torch.tensor([[4500.0, 0.0]]))[0]
    unseen = torch.from_numpy(made.unseen)
    assert not flux[unseen].any()
    assert bool((flux[~unseen] > 0.2).all())


def test_lines_follow_the_labels_and_the_continuum_is_one() -> None:
    made = abinitio("lamost_lrs", ["teff", "mg_fe"], window=(5100.0, 5260.0), processes=2)
    told: list[int] = []
    poor, rich = made.flux(torch.tensor([[5000.0, -0.3], [5000.0, 0.5]]), told.append)
    assert sum(told) == 2
    triplet = torch.from_numpy(abs(made.wavelength - 5185.0) < 3.0)
    assert float((poor - rich)[triplet].mean()) > 0.05
    assert float((poor - rich)[~triplet].abs().median()) < 0.05
    assert 0.9 < float(poor.median()) < 1.1


class Trained(NamedTuple):
    payne: Payne
    report: TrainingReport
    unseen: Tensor
    flux: Tensor


@pytest.fixture(scope="module")
def trained() -> Trained:
    """Return what 2000 synthesized spectra teach, and stars that it has not seen."""
    made = abinitio("lamost_lrs", window=WINDOW, processes=2)
    drawn = sparse_sampling(made.names).draw(N_TAUGHT + N_UNSEEN, seed=1)
    all_spectra = made.spectra(np.random.default_rng(1).permutation(drawn))
    taught = TrainingSpectra(
        made.names,
        all_spectra.labels[:N_TAUGHT],
        all_spectra.wavelength,
        all_spectra.flux[:N_TAUGHT],
        all_spectra.normalisation,
    )
    settings = TrainingSettings(network="shared", hidden=(300, 300), learning_rate=0.01)
    payne, report = train_payne(taught, settings, torch.device("cpu"))
    return Trained(payne, report, all_spectra.labels[N_TAUGHT:], all_spectra.flux[N_TAUGHT:])


@pytest.mark.slow
def test_two_thousand_spectra_teach_to_a_thousandth(trained: Trained) -> None:
    assert len(trained.payne.labels) >= 20
    assert trained.report.median_error <= 1e-3
    error = (trained.payne.flux(trained.unseen.float()) - trained.flux).abs()
    assert float(error.median()) <= 1e-3


@pytest.mark.slow
def test_noiseless_labels_are_recovered_as_in_the_paper(trained: Trained) -> None:
    # Ting et al. (2019), figure 5: 50 K, 0.05, 0.03 and 0.03–0.1 dex; about half for hot stars.
    spectra = Spectra(trained.flux, torch.full_like(trained.flux, 1e4))
    fits = Levenberg(trained.payne, FitSettings(rv_range=None)).fit(spectra)
    labels = trained.payne.labels
    away = (fits.labels - trained.unseen).abs()
    teff = trained.unseen[:, labels.index("teff")]

    def typical(label: str, hotter: float, cooler: float) -> float:
        some = (teff > hotter) & (teff < cooler)
        return float(away[some, labels.index(label)].nanmedian())

    for label, cool, hot in (("teff", 50.0, 25.0), ("logg", 0.05, 0.04), ("fe_h", 0.03, 0.02)):
        assert typical(label, 4000.0, 5000.0) < cool, label
        assert typical(label, 5000.0, 9000.0) < hot, label
    for label in ELEMENTS:
        assert typical(label, 4500.0, 5500.0) < 0.1, label
