"""A LAMOST and a GALAH of the same stars, matched; the spectra of the first have one line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from astropy.io import fits
from numpy.typing import NDArray
from torch import Tensor

from starledger.compute.simulate.observe.rest_spectra import OPTICAL
from starledger.compute.simulate.survey import simulate_survey
from starledger.compute.synthesis.labels import label_index
from starledger.ingest.catalogs.ingesting import ingest_catalog
from starledger.ingest.crossmatch.matching import crossmatch
from starledger.ingest.crossmatch.sides import named_release
from starledger.ingest.pixels.spectra_run import ingest_spectra
from starledger.ingest.stars.assignment import assign_stars
from starledger.schema.database import Database

LINE = 5200.0
WINDOW = (5100.0, 5300.0)
N_STARS = 150
SPECTRA, CATALOG = "lamost/dr5:spectra", "galah/dr3"


class OneLine:
    """Stars with one line, the deeper the cooler and the more magnesium."""

    band = OPTICAL

    def flux(self, labels: Tensor) -> Tensor:
        """Return the flux of stars, which is flat but for the line."""
        depth = 0.5 - (labels[:, label_index("teff")] - 5500.0) / 1e4
        depth = depth + 0.3 * labels[:, label_index("mg_fe")]
        shape = np.exp(-0.5 * ((OPTICAL.wavelength - LINE) / 5.0) ** 2)
        return (1.0 - depth[:, None] * torch.from_numpy(shape)).float()


@dataclass(frozen=True)
class Matched:
    """A ledger with both surveys, matched, and the truth about the stars."""

    database: Database
    shard_root: Path
    run: int
    stars: NDArray[np.void]
    catalog: NDArray[np.void]

    def match(self, catalog: str) -> int:
        """Match the spectra with a catalog and return the run."""
        with self.database.engine().connect() as connection:
            here, there = (named_release(connection, one) for one in (SPECTRA, catalog))
        return int(crossmatch(self.database, here, there, 2.0)["run"])


def two_surveys(database: Database, folder: Path) -> Matched:
    """Simulate both surveys in a folder, bring them in and match them."""
    simulate_survey("lamost", N_STARS, 3, folder / "lamost", quality="clean", spectra=OneLine())
    simulate_survey("galah", N_STARS, 3, folder / "galah", quality="realistic")
    catalog = folder / "galah" / "catalogs" / "GALAH_DR3_main_v2.fits"
    with fits.open(catalog) as file, fits.open(folder / "lamost/truth/stars.fits") as truth:
        rows, stars = np.array(file[1].data), np.array(truth[1].data)
    shards = folder / "shards"
    ingest_spectra(database, shards, "lamost", "dr5", [folder / "lamost" / "spectra"])
    ingest_catalog(database, "galah", "dr3", [catalog])
    assign_stars(database)
    made = Matched(database, shards, 0, stars, rows)
    return Matched(database, shards, made.match(CATALOG), stars, rows)
