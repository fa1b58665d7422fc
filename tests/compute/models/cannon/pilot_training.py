"""The LAMOST pilot stars as a training set of a Cannon."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from starledger.compute.models.base import Spectra
from starledger.compute.models.cannon.training import TrainingSet
from starledger.compute.spectra.continuum import PseudoContinuum
from starledger.ingest.pixels.layouts import read_spectra
from tests.real_data import real_path

LIGHT = 299792.458  # km/s
# Here lie nearly all the metals' lines that show at this resolution. Of some ranges that were
# tried, those that end from 5300 to 5600 Å did best; redwards the earth's atmosphere says more.
GRID = 10 ** np.arange(np.log10(4000.0), np.log10(5600.0), 1e-4)


def at_rest(path: Path, rv: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return flux and ivar of a file on the grid; ivar 0 beside each bad pixel."""
    _, (spectrum,) = read_spectra("lamost", path.name, path.read_bytes())
    wavelength = spectrum.wavelength / (1.0 + rv / LIGHT)
    pixels = spectrum.pixels
    good = np.interp(GRID, wavelength, (pixels.ivar > 0).astype(float)) == 1.0
    flux = np.interp(GRID, wavelength, pixels.flux.astype(float))
    return flux, np.interp(GRID, wavelength, pixels.ivar.astype(float)) * good * (flux > 0)


def pilot_training_set() -> tuple[TrainingSet, Tensor]:
    """Return all 131 stars, and the signal-to-noise ratio of each in the g band."""
    folder = real_path("lamost")
    with (folder / "pilot_lasp_labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    read = [at_rest(folder / "pilot" / row["filename"], float(row["rv"])) for row in rows]
    flux, ivar = (torch.from_numpy(np.array(part)) for part in zip(*read, strict=True))
    continuum = PseudoContinuum(GRID, dtype=torch.float64)(flux, ivar)
    usable = continuum.isfinite() & (continuum > 0)
    ivar = torch.where(usable, ivar * continuum**2, 0.0)
    flux = torch.where(usable, flux / continuum, 1.0)
    labels = [[float(row[name]) for name in ("teff", "logg", "feh")] for row in rows]
    training_set = TrainingSet(
        ("teff", "logg", "fe_h"),
        torch.tensor(labels, dtype=torch.float64),
        Spectra(flux, ivar),
        torch.from_numpy(GRID),
    )
    return training_set, torch.tensor([float(row["snrg"]) for row in rows])
