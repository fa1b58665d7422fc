"""The ab-initio spectra that models are trained on, with other faults than the simulated survey.

If the survey and the grid came from one line list, one line-spread function and one continuum, a
model trained on the grid would be graded by itself. In the realistic quality the lines of the grid
have errors of log gf, its line-spread function has one resolving power throughout, and its
continuum knows of neither dust nor calibration.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from starledger.compute.simulate.observe.instruments import Instrument
from starledger.compute.simulate.observe.observation import Motion, Sampling
from starledger.compute.simulate.observe.observing import Quality
from starledger.compute.simulate.observe.rest_spectra import Band, DirectSpectra, RestSpectra
from starledger.compute.synthesis.labels import label_index
from starledger.compute.synthesis.lines import perturbed
from starledger.compute.synthesis.synthesizer import default_lines

Floats = NDArray[np.float64]

LOG_GF_SCATTER = 0.15
"""Errors of log gf in dex, as of laboratory values."""
LINE_SEED = 2019


def grid_source(band: Band, quality: Quality) -> DirectSpectra:
    """Return what synthesizes a training grid, with lines of its own in the realistic quality.

    Examples
    --------
    >>> from starledger.compute.simulate.observe.rest_spectra import OPTICAL
    >>> other = grid_source(OPTICAL, Quality.REALISTIC).lines.log_gf
    >>> same = grid_source(OPTICAL, Quality.CLEAN).lines.log_gf
    >>> round(float((other - same).std()), 2)
    0.15
    """
    lines = default_lines()
    if quality is Quality.REALISTIC:
        lines = perturbed(lines, LOG_GF_SCATTER, LINE_SEED)
    return DirectSpectra(band, lines)


class TrainingGrid:
    """Gives noiseless spectra at rest on the pixels of an instrument.

    Parameters
    ----------
    instrument
        Whose pixels.
    quality
        ``clean``: as the clean arm of a survey; ``realistic``: with other lines and another
        line-spread function than the survey.
    spectra
        Where spectra come from; by default `grid_source`. A library of it is faster.
    wavelength
        Pixels in Å instead of the instrument's, vacuum.
    """

    def __init__(
        self,
        instrument: Instrument,
        quality: Quality,
        spectra: RestSpectra | None = None,
        wavelength: Floats | None = None,
    ) -> None:
        self.spectra = spectra or grid_source(instrument.band, quality)
        pixels = instrument.wavelength if wavelength is None else wavelength
        self._sampling = Sampling(self.spectra.band, pixels)
        self._sigma = instrument.lsf_sigma(pixels)
        if quality is Quality.REALISTIC:
            self._sigma = np.full_like(self._sigma, np.median(self._sigma))

    def flux(self, labels: Tensor) -> Tensor:
        """Return F_λ at the surface in erg s⁻¹ cm⁻² Å⁻¹, stars × pixels of the instrument.

        Parameters
        ----------
        labels
            Stars × `SYNTHESIS_LABELS`.
        """
        vmac, vsini = (labels[:, label_index(name)] for name in ("vmac", "vsini"))
        still = Motion(torch.zeros(len(labels), dtype=torch.float64), vmac, vsini)
        sigma = np.broadcast_to(self._sigma, (len(labels), len(self._sigma)))
        return self._sampling(self.spectra.flux(labels), still, sigma)
