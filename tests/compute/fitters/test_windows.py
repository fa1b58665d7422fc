from __future__ import annotations

import pytest
import torch

from starledger.compute.fitters.levenberg import Levenberg
from starledger.compute.fitters.windows import window_chi2
from starledger.compute.models.base import Convergence, Spectra
from tests.compute.fitters.conftest import Observe
from tests.compute.fitters.pretend_emulator import PretendEmulator


def test_a_window_of_noise_has_one_a_pixel(emulator: PretendEmulator, observe: Observe) -> None:
    true = observe(400, 50.0)
    fits = Levenberg(emulator).fit(true.spectra)
    blue, red = float(emulator.wavelength[100]), float(emulator.wavelength[300])
    found = window_chi2(emulator, true.spectra, fits, {"lines": (blue, red)})
    assert float(found["lines"].mean()) == pytest.approx(1.0, abs=0.03)


def test_what_the_model_misses_shows_in_its_window_alone(
    emulator: PretendEmulator, observe: Observe
) -> None:
    true = observe(3, 50.0)
    at = emulator.wavelength
    fits = Levenberg(emulator).fit(true.spectra)
    flux = true.spectra.flux.clone()
    flux[1, 395:406] += 10.0 / 50.0
    windows = {
        "line": (float(at[390]), float(at[410])),
        "beside": (float(at[420]), float(at[700])),
    }
    before = window_chi2(emulator, true.spectra, fits, windows)
    after = window_chi2(emulator, Spectra(flux, true.spectra.ivar), fits, windows)
    assert float(after["line"][1]) > 25.0
    assert torch.equal(after["beside"], before["beside"])
    assert torch.equal(after["line"][[0, 2]], before["line"][[0, 2]])


def test_masked_pixels_and_failed_fits_have_no_window(
    emulator: PretendEmulator, observe: Observe
) -> None:
    true = observe(2)
    ivar = true.spectra.ivar.clone()
    at = emulator.wavelength
    ivar[0, 380:420] = 0.0
    ivar[1] = 0.0
    spectra = Spectra(true.spectra.flux, ivar)
    fits = Levenberg(emulator).fit(spectra)
    assert fits.convergence == (Convergence.CONVERGED, Convergence.TOO_FEW_PIXELS)
    windows = {
        "masked": (float(at[390]), float(at[410])),
        "whole": (float(at[0]), float(at[-1])),
    }
    found = window_chi2(emulator, spectra, fits, windows)
    assert bool(found["masked"].isnan().all())
    assert found["whole"].isnan().tolist() == [False, True]


def test_a_window_outside_the_grid_holds_no_pixel(
    emulator: PretendEmulator, observe: Observe
) -> None:
    true = observe(1)
    fits = Levenberg(emulator).fit(true.spectra)
    found = window_chi2(emulator, true.spectra, fits, {"far": (100.0, 200.0)})
    assert bool(found["far"].isnan().all())
