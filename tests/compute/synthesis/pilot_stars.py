"""Stars of the LAMOST pilot survey and their simulated likenesses, for tests and pictures."""

from __future__ import annotations

import csv
from dataclasses import dataclass

import numpy as np
import torch
from astropy.io import fits
from torch import Tensor

from starledger.compute.synthesis.broadening import broaden
from starledger.compute.synthesis.comparison import Comparison, compare
from starledger.compute.synthesis.labels import label_index, label_tensor
from starledger.compute.synthesis.resolution import Spectrograph
from starledger.compute.synthesis.synthesizer import Synthesizer
from starledger.compute.synthesis.velocity_grid import VelocityGrid
from tests.real_data import REAL_DATA

LAMOST = REAL_DATA / "lamost"
FWHM = 2.8  # Å, of the blue arm of the pilot survey
BRIGHT = 40.0


@dataclass(frozen=True)
class Star:
    """A LAMOST spectrum with the labels of its pipeline."""

    name: str
    subclass: str
    teff: float
    logg: float
    fe_h: float
    velocity: float
    wavelength: Tensor
    flux: Tensor
    ivar: Tensor

    @property
    def vmic(self) -> float:
        """As usual for FGK stars: larger in giants and in hot dwarfs."""
        return 1.0 + 0.6 * (self.logg < 3.5) + max(0.0, (self.teff - 5800.0) / 3000.0)


def read(row: dict[str, str]) -> Star:
    with fits.open(LAMOST / "pilot" / row["filename"]) as hdus:
        header, rows = hdus[0].header, hdus[0].data.astype(np.float64)
    # Row 2 of these files is not the wavelength, whatever the manual says.
    log_wavelength = header["COEFF0"] + header["COEFF1"] * np.arange(rows.shape[1])
    good = (rows[0] > 0) & (rows[1] > 0)
    return Star(
        row["filename"][-8:-5],
        row["subclass"],
        float(row["teff"]),
        float(row["logg"]),
        float(row["feh"]),
        float(row["rv"]),
        torch.from_numpy(10**log_wavelength),
        torch.from_numpy(np.where(good, rows[0], 1.0)),
        torch.from_numpy(np.where(good, rows[1], 0.0)),
    )


def bright_stars() -> list[Star]:
    with (LAMOST / "pilot_lasp_labels.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if float(row["snrg"]) > BRIGHT]
    return [read(row) for row in rows]


def simulate(stars: list[Star]) -> list[Comparison]:
    labels = label_tensor(
        {
            "teff": [star.teff for star in stars],
            "logg": [star.logg for star in stars],
            "fe_h": [star.fe_h for star in stars],
            "vmic": [star.vmic for star in stars],
        }
    )
    velocity = torch.tensor([star.velocity for star in stars], dtype=torch.float64)
    grid = VelocityGrid.covering(3700.0, 5900.0, step=3.0)
    with torch.no_grad():
        flux = Synthesizer(grid).spectrum(labels).flux
        vmac, vsini = labels[:, label_index("vmac")], labels[:, label_index("vsini")]
        flux = broaden(flux, grid.step, vmac, vsini, velocity)
    return [compare_one(star, grid, flux[i : i + 1]) for i, star in enumerate(stars)]


def compared_pixels(star: Star) -> Tensor:
    return (star.wavelength > 3740.0) & (star.wavelength < 5860.0)


def compared_wavelength(star: Star) -> Tensor:
    return star.wavelength[compared_pixels(star)]


def compare_one(star: Star, grid: VelocityGrid, flux: Tensor) -> Comparison:
    pixels, wavelength = compared_pixels(star), compared_wavelength(star)
    seen = Spectrograph(grid, wavelength.numpy(), fwhm=FWHM)(flux)[0]
    return compare(wavelength, star.flux[pixels], star.ivar[pixels], seen.double())
