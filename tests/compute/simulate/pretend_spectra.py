"""Spectra made of a few lines at known wavelengths, in place of a synthesis, to be quick."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from starledger.compute.simulate.observe.rest_spectra import Band
from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS
from starledger.compute.synthesis.labels import label_index

STRONG_LINES = {
    "H delta": 4102.89,
    "H beta": 4862.68,
    "Mg b": 5185.05,
    "H alpha": 6564.61,
    "Ca II": 8544.44,
    "H 4-11": 16811.11,
    "Si I": 15964.4,
}
"""Wavelengths in vacuum in Å."""


class PretendSpectra:
    """A warm continuum with `STRONG_LINES`, deeper in cooler stars."""

    def __init__(self, band: Band) -> None:
        self._band = band

    @property
    def band(self) -> Band:
        return self._band

    def flux(self, labels: Tensor) -> Tensor:
        wavelength = torch.from_numpy(self._band.wavelength)
        teff = labels[:, label_index("teff"), None]
        planck = wavelength**-5 / torch.expm1(1.4388e8 / (wavelength * teff))
        lines = torch.ones_like(wavelength)
        width = 1.5 * self._band.sigma
        for line in STRONG_LINES.values():
            speed = np.log(self._band.wavelength / line) * LIGHT_SPEED_KMS
            lines = lines - torch.from_numpy(0.5 * np.exp(-0.5 * (speed / width) ** 2))
        return (1e27 * planck * lines ** (5000.0 / teff)).float()
