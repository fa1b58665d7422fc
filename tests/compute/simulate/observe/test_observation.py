from __future__ import annotations

import numpy as np
import torch

from starledger.compute.simulate.observe.instruments import LAMOST
from starledger.compute.simulate.observe.observation import Motion, Sampling
from starledger.compute.simulate.observe.rest_spectra import Band, DirectSpectra
from starledger.compute.synthesis.broadening import broaden
from starledger.compute.synthesis.labels import label_tensor
from starledger.compute.synthesis.resolution import Spectrograph
from starledger.compute.synthesis.synthesizer import Synthesizer
from starledger.compute.synthesis.velocity_grid import VelocityGrid

BAND = Band("magnesium", 5050.0, 5330.0, 5060.0, 440, 34.5, 40.0)


def test_two_steps_see_what_one_step_sees() -> None:
    """The smoothed band, shifted and broadened further, is the synthesis through the full LSF."""
    labels = label_tensor({"teff": [4600.0, 6200.0], "logg": [2.5, 4.2]})
    pixels = LAMOST.wavelength[(LAMOST.wavelength > 5120) & (LAMOST.wavelength < 5260)]
    velocity = torch.tensor([-130.0, 47.0], dtype=torch.float64)
    vmac = torch.tensor([4.0, 10.0], dtype=torch.float64)
    vsini = torch.tensor([0.0, 30.0], dtype=torch.float64)
    sigma = LAMOST.lsf_sigma(pixels)
    grid = VelocityGrid.covering(BAND.low, BAND.high)
    flux = broaden(Synthesizer(grid).spectrum(labels).flux, grid.step, vmac, vsini, velocity)
    fwhm = pixels * sigma * 2.354820045 / 299792.458
    direct = Spectrograph(grid, pixels, fwhm=fwhm)(flux).numpy()
    seen = Sampling(BAND, pixels)(
        DirectSpectra(BAND).flux(labels), Motion(velocity, vmac, vsini), np.tile(sigma, (2, 1))
    ).numpy()
    assert np.abs(seen / direct - 1).max() < 1e-3
    assert np.median(np.abs(seen / direct - 1)) < 1e-4
