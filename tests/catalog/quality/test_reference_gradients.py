from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from starledger.catalog.quality.reference_gradients import (
    STARS,
    NoReferences,
    ReferenceGradients,
    differentiable,
    find_references,
    make_references,
    n_spectra,
)
from starledger.compute.models.payne import Payne
from starledger.compute.simulate.observe.instruments import LAMOST
from tests.catalog.quality.made_sample import NAMES, references_of, small_payne


def test_differences_of_spectra_are_gradients() -> None:
    payne = small_payne()
    found = references_of(payne)
    # Half a step on, where the difference is the derivative to second order.
    labels = torch.zeros(len(STARS), len(NAMES), dtype=torch.float64)
    labels[:, :3] = torch.from_numpy(STARS[:, :3].copy())
    labels[:, 0] += 100.0
    _, exact = payne.flux_and_gradient(labels)
    error = (found.gradients[:, 0] - exact[:, :, 0]).abs().max() / exact[:, :, 0].abs().max()
    assert float(error) < 0.01


def test_they_are_found_again(tmp_path: Path) -> None:
    payne = small_payne()
    found = references_of(payne)
    stored = found.stored()
    again = ReferenceGradients.of(stored)
    assert again.names == NAMES
    assert torch.equal(again.gradients, found.gradients)
    assert find_references(tmp_path, "0" * 64) is None


def test_the_nearest_star_is_near_in_units_of_the_metric() -> None:
    found = references_of(small_payne())
    near = found.nearest(np.array([[5778.0, 4.53, 0.0], [5700.0, 3.5, -1.05], [4800, 2.6, 0.1]]))
    assert near.tolist() == [0, 9, 2]


def test_labels_that_no_synthesis_takes_are_left_out() -> None:
    payne = replace(small_payne(), labels=("teff", "logg", "m_h", "vmac", "mg_fe"))
    assert differentiable(payne) == ("teff", "logg", "mg_fe")
    assert n_spectra(payne) == 16 * 4


@pytest.mark.parametrize(
    ("payne", "instrument", "said"),
    [
        (small_payne(), "lamost_mrs", "no ab-initio spectra for lamost_mrs"),
        (replace(small_payne(), normalisation="none"), "lamost_lrs", "normalised as 'none'"),
    ],
)
def test_what_cannot_be_made_is_refused(
    payne: Payne, instrument: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(NoReferences, match=said):
        make_references(tmp_path, "0" * 64, payne, instrument)


@pytest.mark.slow
@pytest.mark.parametrize("weighed", ["gaussian_50_even", "gaussian_50"])
def test_real_gradients_of_iron_are_deepest_in_its_lines(weighed: str, tmp_path: Path) -> None:
    pixels = LAMOST.wavelength[(LAMOST.wavelength > 5240) & (LAMOST.wavelength < 5290)]
    payne = small_payne()
    short = replace(
        payne,
        network=payne.network.of(
            [*payne.network.weights[:-1], payne.network.weights[-1][: len(pixels)]],
            [*payne.network.biases[:-1], payne.network.biases[-1][: len(pixels)]],
            payne.network.activation,
        ),
        wavelength=torch.from_numpy(pixels),
        normalisation=weighed,
    )
    made = make_references(tmp_path, "0" * 64, short, "lamost_lrs")
    kept = find_references(tmp_path, "0" * 64)
    assert kept is not None
    assert torch.equal(kept.gradients, made.gradients)
    iron = made.gradients[0, NAMES.index("fe_h")]
    # Fe I 5270: the strongest line of this window.
    assert abs(pixels[int(iron.argmin())] - 5271.0) < 3.0
