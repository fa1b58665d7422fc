from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from starledger.catalog.quality.gradients import Correlations
from starledger.catalog.quality.reference_gradients import STARS, make_references
from starledger.compute.training.abinitio import abinitio
from starledger.compute.training.label_sampling import sparse_sampling
from starledger.compute.training.networks import TrainingSettings, train_payne
from tests.catalog.quality.made_sample import NAMES, labels_of, references_of, small_payne


def some_labels() -> np.ndarray:
    return labels_of(np.random.default_rng(2))[:150]


def test_correlations_are_those_of_numpy() -> None:
    payne = small_payne()
    references = references_of(payne)
    rng = torch.Generator().manual_seed(3)
    noise = torch.randn(references.gradients.shape, generator=rng)
    noisy = replace(references, gradients=references.gradients + noise)
    labels = some_labels()
    found = Correlations(payne, noisy)(labels, labels[:, :3])
    _, own = payne.flux_and_gradient(torch.from_numpy(labels))
    for row in (0, 77, 149):
        apart = (labels[row, :3] - STARS[:, :3]) / [100, 0.2, 0.1]
        nearest = int(np.square(apart).sum(1).argmin())
        for place in range(len(NAMES)):
            both = own[row, :, place].numpy(), noisy.gradients[nearest, place].numpy()
            assert found[row, place] == pytest.approx(np.corrcoef(*both)[0, 1], abs=1e-4)


def test_masked_pixels_do_not_count() -> None:
    payne = small_payne()
    references = references_of(payne)
    spoiled = references.gradients.clone()
    spoiled[:, :, ::2] = 1e3 * torch.arange(200.0)
    mask = torch.zeros(400, dtype=torch.bool)
    mask[::2] = True
    other = replace(references, gradients=spoiled)
    labels = some_labels()
    seen = Correlations(payne, other)(labels, labels[:, :3])
    masked = Correlations(replace(payne, mask=mask), other)(labels, labels[:, :3])
    assert np.abs(seen).max() < 0.5
    assert masked.min() > 0.5


def test_what_is_not_known_has_no_correlation() -> None:
    payne = small_payne()
    references = references_of(payne)
    fewer = replace(references, names=NAMES[:4], gradients=references.gradients[:, :4])
    labels = some_labels()
    labels[3, 2] = np.nan
    found = Correlations(payne, fewer)(labels, labels[:, :3])
    assert np.isnan(found[:, 4]).all()
    assert np.isnan(found[3]).all()
    assert np.isfinite(np.delete(found, 3, 0)[:, :4]).all()


@pytest.mark.slow
def test_a_network_that_learned_from_physics_is_told_from_what_it_cannot_see(
    tmp_path: Path,
) -> None:
    names = ("teff", "logg", "fe_h", "mg_fe", "ba_fe")
    # The Mg b lines are in this window; barium has none.
    made = abinitio("lamost_lrs", names, window=(5130.0, 5230.0))
    sampling = sparse_sampling(names)
    spectra = made.spectra(sampling.draw(200, 1))
    payne, _ = train_payne(spectra, TrainingSettings(max_epochs=100), torch.device("cpu"))
    references = make_references(tmp_path, "0" * 64, payne, "lamost_lrs")
    labels = sampling.draw(200, 7)
    median = np.median(Correlations(payne, references)(labels, labels[:, :3]), axis=0)
    assert (median[:4] > 0.7).all()
    assert median[4] < 0.5
