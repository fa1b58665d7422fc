"""Spectra of an overlap come to rest, and teach."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from starledger.compute.models.cannon.training import BadTrainingSet, train
from starledger.compute.training import rest_spectra
from starledger.compute.training.overlap import Cuts
from starledger.compute.training.rest_spectra import at_rest
from tests.compute.training.test_overlap import found_in
from tests.compute.training.two_surveys import LINE, WINDOW, Matched

pytestmark = pytest.mark.integration

WAVELENGTH = 10 ** np.arange(np.log10(WINDOW[0]), np.log10(WINDOW[1]), 1e-4)


def test_spectra_come_to_rest_and_teach(matched: Matched) -> None:
    found = found_in(matched, Cuts(min_snr=40.0))
    with matched.database.engine().connect() as connection:
        taught = at_rest(connection, matched.shard_root, found, WAVELENGTH, "none")
    flux = taught.spectra.flux / taught.spectra.flux.median(dim=1, keepdim=True).values
    depth = (1.0 - flux).clamp(min=0.0).double().numpy()
    near = np.abs(WAVELENGTH - LINE) < 15.0
    centre = (depth * WAVELENGTH)[:, near].sum(axis=1) / depth[:, near].sum(axis=1)
    assert np.abs(found.rv).max() > 60.0
    # 60 km/s are 1 Å; velocities are known to some km/s.
    assert np.abs(np.median(centre) - LINE) < 0.1
    assert np.quantile(np.abs(centre - LINE), 0.9) < 0.35
    divided = replace(taught, spectra=replace(taught.spectra, flux=flux))
    cannon = train(divided)
    middle = torch.tensor([[5000.0, 0.0], [6000.0, 0.0]], dtype=torch.float64)
    cooler, hotter = cannon.flux(middle)[:, int(np.argmin(np.abs(WAVELENGTH - LINE)))]
    assert 0.07 < float(hotter - cooler) < 0.13


def test_spectra_read_few_at_a_time_are_the_same(
    matched: Matched, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = found_in(matched)
    told: list[int] = []
    with matched.database.engine().connect() as connection:
        whole = at_rest(connection, matched.shard_root, found, WAVELENGTH, "gaussian_50")
        monkeypatch.setattr(rest_spectra, "AT_ONCE", 7)
        parts = at_rest(
            connection, matched.shard_root, found, WAVELENGTH, "gaussian_50", told.append
        )
    assert sum(told) == len(found)
    assert max(told) == 7
    torch.testing.assert_close(whole.spectra.flux, parts.spectra.flux, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(whole.spectra.ivar, parts.spectra.ivar, rtol=1e-4, atol=1e-6)


def test_a_lost_shard_is_told(matched: Matched) -> None:
    wrong = matched.shard_root / "elsewhere"
    with (
        matched.database.engine().connect() as connection,
        pytest.raises(BadTrainingSet, match=r"Spectrum \d+ cannot be read"),
    ):
        at_rest(connection, wrong, found_in(matched), WAVELENGTH, "none")
