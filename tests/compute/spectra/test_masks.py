from __future__ import annotations

import numpy as np
import pytest
import torch
from astropy.io import fits

from starledger.compute.models.base import Spectra
from starledger.compute.spectra.masks import (
    DROPPED,
    UnknownInstrument,
    dropped_bits,
    standard_star_mask,
    survey_mask,
    wavelength_mask,
)
from starledger.ingest.surveys import INSTRUMENTS
from tests.real_data import real_path


def test_every_instrument_has_its_bits() -> None:
    assert set(DROPPED) == set(INSTRUMENTS)


@pytest.mark.parametrize("instrument", DROPPED)
def test_names_are_those_of_the_survey(instrument: str) -> None:
    names, known = DROPPED[instrument]
    assert set(names) < {name for _, name in known}
    assert dropped_bits(instrument).bit_count() == len(names)


@pytest.mark.parametrize(
    ("instrument", "harmless"),
    [
        ("lamost_lrs", ["BRIGHTSKY"]),
        ("apogee", ["PERSIST_HIGH", "PERSIST_LOW", "LITTROW_GHOST", "SIG_TELLURIC"]),
        ("boss", ["BRIGHTSKY", "BADSKYCHI", "PARTIALREJECT"]),
    ],
)
def test_not_every_bit_drops_a_pixel(instrument: str, harmless: list[str]) -> None:
    bits = {name: bit for bit, name in DROPPED[instrument][1]}
    mask = np.array([1 << bits[name] for name in harmless] + [dropped_bits(instrument)])
    assert survey_mask(instrument, mask).tolist() == [False] * len(harmless) + [True]


def test_an_unknown_instrument_is_named() -> None:
    with pytest.raises(UnknownInstrument, match="'hermes'"):
        dropped_bits("hermes")


def test_dd_payne_keeps_sodium_and_leaves_out_the_rest() -> None:
    at = np.arange(3700.0, 9100.0, 0.5)
    kept = at[~wavelength_mask(at)]
    for low, high in ((5720, 5880), (5910, 6060), (6270, 6330), (6800, 6990), (7100, 7320)):
        assert not ((kept > low) & (kept < high)).any()
    assert (kept.min(), kept.max()) == (3900.0, 8880.0)
    assert ((kept > 5880) & (kept < 5910)).sum() == 59


def stars(flux: list[list[float]], error: float) -> Spectra:
    values = torch.tensor(flux)
    return Spectra(values, torch.full_like(values, error**-2))


def test_one_star_is_enough_to_condemn_a_pixel() -> None:
    observed = stars([[1.0, 1.0, 1.0], [1.0, 1.03, 1.015]], error=1e-3)
    assert standard_star_mask(observed, torch.ones(2, 3)).tolist() == [False, True, False]


def test_noise_condemns_no_pixel() -> None:
    observed = stars([[1.0, 1.03, 1.10]], error=0.02)
    assert standard_star_mask(observed, torch.ones(1, 3)).tolist() == [False, False, True]


def test_a_prediction_that_is_not_a_number_condemns() -> None:
    observed = stars([[1.0, 1.0]], error=1e-3)
    predicted = torch.tensor([[float("nan"), 1.0]])
    assert standard_star_mask(observed, predicted).tolist() == [True, False]


def test_what_a_bad_pixel_holds_does_not_matter() -> None:
    observed = stars([[1.0, float("nan")], [1.0, 1.0]], error=1e-3)
    observed.ivar[0, 1] = 0.0
    assert not standard_star_mask(observed, torch.ones(2, 2)).any()


@pytest.mark.real_data
def test_the_mask_of_the_payne_drops_few_continuum_pixels() -> None:
    folder = real_path("apogee", "masks")
    with (
        np.load(folder / "apogee_mask.npz") as mask,
        np.load(folder / "cannon_cont_pixels_apogee.npz") as pixels,
    ):
        dropped, is_continuum = mask["apogee_mask"], pixels["pixels_cannon"]
    assert dropped.mean() == pytest.approx(0.1213, abs=1e-4)
    assert dropped[is_continuum].mean() < 0.012


@pytest.mark.real_data
def test_real_apogee_spectra_keep_most_of_their_pixels() -> None:
    kept = []
    for path in sorted(real_path("apogee", "apstar").glob("*.fits")):
        with fits.open(path) as file:
            mask, error = (np.atleast_2d(file[i].data)[0] for i in (3, 2))
        seen = error < 1e9
        kept.append(1 - survey_mask("apogee", mask)[seen].mean())
    assert np.median(kept) == pytest.approx(0.88, abs=0.03)
    assert min(kept) > 0.5
