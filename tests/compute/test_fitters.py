"""The fitter on real spectra, with networks that others trained."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from starledger.compute.fitters.levenberg import Levenberg
from starledger.compute.models.base import Convergence, Spectra
from tests.compute.models.published import published_payne
from tests.real_data import real_path

pytestmark = pytest.mark.real_data


def test_a_single_star_fits_a_real_double_lined_binary_badly() -> None:
    path = real_path("apogee", "binaries", "spectrum_ap_id_2M13012770+5754582_.npz")
    with np.load(path, allow_pickle=False) as archive:
        flux = torch.from_numpy(archive["spectrum"].astype(np.float32))[None]
        errors = torch.from_numpy(archive["spec_err"].astype(np.float32))[None]
    fits = Levenberg(published_payne("5n")).fit(Spectra(flux, 1 / errors**2))
    assert fits.convergence == (Convergence.CONVERGED,)
    free = int(fits.n_pixels[0]) - 6
    # The authors' own single-star fit of this spectrum is as bad.
    assert float(fits.chi2[0]) / free == pytest.approx(4.15, abs=0.15)
    assert fits.rv is not None
    assert abs(float(fits.rv[0])) < 5.0
