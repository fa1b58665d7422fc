"""A survey made up for tests of quality: 600 stars of one visit each, of which nothing is wrong.

Half are dwarfs, half giants; Gaia knows all of them; half taught the model, half were held out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sqlalchemy import Connection, insert, select

from starledger.catalog.quality.reference_gradients import (
    ReferenceGradients,
    folder_of,
    synthesized,
)
from starledger.compute.models.activations import SIGMOID
from starledger.compute.models.payne import Payne
from starledger.compute.models.shared_network import SharedNetwork
from starledger.compute.models.stored import write_folder, write_model
from starledger.compute.training.abinitio import NORMALISATION
from starledger.schema.labels import LABELS
from starledger.schema.runs import close_run
from starledger.schema.tables import (
    Fit,
    FitConfig,
    GaiaSource,
    Model,
    ModelInstrument,
    ModelOutput,
    Neighbourhood,
    RunKind,
    Spectrum,
    Star,
    StarMember,
    StarVersion,
    TrainingMember,
    TrainingSet,
)
from tests.schema.small_survey import SmallSurvey, position, sha

STARS = 600
NAMES = ("teff", "logg", "fe_h", "na_fe", "mg_fe")
LOW = (3500.0, 0.0, -2.5, -1.0, -1.0)
HIGH = (8000.0, 5.5, 0.6, 1.0, 1.0)
EXTRAS = ("chi2_na", "chi2_mg_fe")
PIXELS = 400
FIRST_SOURCE = 1000
FIRST_STAR = 5000


def small_payne() -> Payne:
    """Return a network that responds to its labels nearly in proportion."""
    generator = torch.Generator().manual_seed(7)
    network = SharedNetwork.random(len(NAMES), PIXELS, (8, 8), SIGMOID, generator)
    gentle = network.of([0.3 * network.weights[0], *network.weights[1:]], network.biases, SIGMOID)
    return Payne(
        network=gentle,
        labels=NAMES,
        wavelength=torch.linspace(5000.0, 5400.0, PIXELS, dtype=torch.float64),
        low=torch.tensor(LOW, dtype=torch.float64),
        high=torch.tensor(HIGH, dtype=torch.float64),
        normalisation=NORMALISATION,
    )


def references_of(payne: Payne) -> ReferenceGradients:
    """Return gradients of reference stars as if the network were the truth."""
    return synthesized(lambda labels, _: payne.flux(labels), payne)


def keep_references(root: Path, references: ReferenceGradients) -> None:
    """Write them where quality runs look."""
    sha256 = small_payne().stored().identity
    write_folder(folder_of(root, sha256), references.stored())


def labels_of(rng: np.random.Generator) -> np.ndarray:
    """Return labels of dwarfs and, every second one, of giants."""
    giant = np.arange(STARS) % 2 == 1
    teff = np.where(giant, rng.uniform(4300, 5200, STARS), rng.uniform(5000, 6500, STARS))
    logg = np.where(giant, rng.uniform(1.2, 3.4, STARS), rng.uniform(4.2, 4.7, STARS))
    fe_h = rng.uniform(-0.9, 0.4, STARS)
    ratios = rng.uniform(-0.3, 0.3, (2, STARS))
    return np.stack([teff, logg, fe_h, *ratios], 1)


def magnitude(labels: np.ndarray) -> np.ndarray:
    """Return the absolute magnitude, free of dust, that single stars of these labels have."""
    teff, logg, fe_h = labels[:, :3].T
    return np.asarray(4.2 + 1.8 * (logg - 4.4) - 2.2 * (teff - 5777.0) / 1000.0 + 0.3 * fe_h)


@dataclass(frozen=True)
class Made:
    """Where things of the made-up survey are."""

    ids: dict[str, int]
    spectra: list[int]
    stars: list[int]
    labels: np.ndarray
    model_root: Path


class MadeSample(SmallSurvey):
    """The small survey, and six hundred stars more."""

    def __init__(self, connection: Connection, model_root: Path) -> None:
        super().__init__(connection)
        self.rng = np.random.default_rng(11)
        self.labels = labels_of(self.rng)
        self.spectra = self.load_visits()
        self.load_model(model_root)
        self.load_fits()
        self.load_gaia_sources()
        self.star_ids = self.load_more_stars()
        self.made = Made(self.ids, self.spectra, self.star_ids, self.labels, model_root)

    def many(self, table: Any, rows: list[dict[str, Any]]) -> list[int]:
        """Insert rows and return their numbers, in order of their positions."""
        self.connection.execute(insert(table), rows)
        key = next(iter(table.__table__.primary_key))
        query = select(key).where(table.valid_from_run_id == rows[0]["valid_from_run_id"])
        return list(self.connection.execute(query.order_by(table.ra)).scalars())

    def load_visits(self) -> list[int]:
        run = self.ingest("many_visits", "lamost_dr5", "spectra")
        self.shard("lamost_lrs", run)
        snr = self.rng.uniform(40, 190, STARS)
        rows = [
            {
                "data_release_id": self.ids["lamost_dr5"], "external_id": f"many_{n}",
                "valid_from_run_id": run, "instrument_id": self.ids["lamost_lrs"],
                "kind": "visit", "mjd_mid": 57000.0 + n, "time_scale": "utc", "night": 57000 + n,
                "frame": "barycentric", "shard_id": self.ids["shard_lamost_lrs"], "shard_row": n,
                "file_name": f"{n}.fits", "sha256": sha(f"many_{n}"), "snr": float(snr[n]),
                **position(200.0 + n / 100.0, 10.0),
            }
            for n in range(STARS)
        ]  # fmt: skip
        found = self.many(Spectrum, rows)
        self.close("many_visits")
        self.snr = snr
        return found

    def load_model(self, root: Path) -> None:
        labels = list(NAMES)
        self.add_named(
            "many_set", TrainingSet, name="many", sha256=sha("many"), source="observed",
            labels=labels, recipe={},
        )  # fmt: skip
        truth = self.labels + self.rng.normal(0, 1, self.labels.shape) * [
            30,
            0.05,
            0.03,
            0.03,
            0.03,
        ]
        rows = [
            {
                "training_set_id": self.ids["many_set"], "spectrum_id": self.spectra[n],
                "labels": truth[n].tolist(), "fold": 0,
                "role": "train" if n % 4 < 2 else "test",
            }
            for n in range(STARS)
        ]  # fmt: skip
        self.connection.execute(insert(TrainingMember), rows)
        run = self.open(
            "training", RunKind.TRAINING, training_set_id=self.ids["many_set"], settings={}
        )
        stored = small_payne().stored()
        self.add_named(
            "model", Model, name="small", system="payne", sha256=stored.identity,
            path=write_model(root, stored).as_posix(), training_run_id=run, n_labels=len(NAMES),
            n_extras=len(EXTRAS), description="for tests",
        )  # fmt: skip
        self.add(ModelInstrument, model_id=self.ids["model"], instrument_id=self.ids["lamost_lrs"])
        self.load_outputs()
        self.close("training")

    def load_outputs(self) -> None:
        for output, names in (("label", NAMES), ("extra", EXTRAS)):
            for place, name in enumerate(names):
                known = LABELS.get(name)
                self.add(
                    ModelOutput, model_id=self.ids["model"], output=output, position=place + 1,
                    name=name, unit=known.unit if known else "dimensionless", ucd="stat.value",
                    description="for tests",
                    **({"low": LOW[place], "high": HIGH[place]} if known else {}),
                )  # fmt: skip

    def load_fits(self) -> None:
        self.add_named("config", FitConfig, sha256=sha("config"), settings={"seed": 1})
        self.fit_run = self.open(
            "fits", RunKind.FIT, model_id=self.ids["model"], fit_config_id=self.ids["config"],
            selection="all", n_planned=STARS,
        )  # fmt: skip
        noise = self.rng.normal(1.0, 0.05, (STARS, 3))
        rows = [self.fit_row(n, noise[n]) for n in range(STARS)]
        self.connection.execute(insert(Fit), rows)
        self.close("fits")

    def fit_row(self, n: int, noise: np.ndarray) -> dict[str, Any]:
        """Return a good fit, whose χ² grows with the signal-to-noise ratio."""
        size = 1.0 + self.snr[n] / 100.0
        return {
            "model_id": self.ids["model"], "spectrum_id": self.spectra[n],
            "fit_config_id": self.ids["config"], "fit_run_id": self.fit_run, "outcome": "good",
            "labels": self.labels[n].tolist(), "errors": [50.0, 0.1, 0.05, 0.1, 0.1],
            "bounds": [20.0, 0.05, 0.02, 0.05, 0.05], "label_flags": [0] * len(NAMES),
            "covariance": None, "extras": (size * noise[1:] * [30.0, 10.0]).tolist(),
            "chi2": float(size * noise[0] * 400.0), "n_pixels": 400 + len(NAMES),
            "worker": "w", "software_version": "0",
        }  # fmt: skip

    def load_gaia_sources(self) -> None:
        run = self.ingest("many_sources", "gaia_dr3")
        parallax = self.rng.uniform(1.0, 5.0, STARS)
        apparent = magnitude(self.labels) + self.rng.normal(0, 0.08, STARS)
        apparent += 10.0 - 5.0 * np.log10(parallax)
        rows = [
            self.source_row(n, run, float(parallax[n]), float(apparent[n])) for n in range(STARS)
        ]
        self.sources = self.many(GaiaSource, rows)
        self.close("many_sources")
        self.match = self.open(
            "match", RunKind.CROSSMATCH, left_table="spectrum",
            left_data_release_id=self.ids["lamost_dr5"], right_table="gaia_source",
            right_data_release_id=self.ids["gaia_dr3"], as_of_run_id=run, radius=5.0,
            best_rule="brightest",
        )  # fmt: skip
        pairs = [
            {
                "crossmatch_run_id": self.match, "left_row_id": self.spectra[n],
                "right_row_id": self.sources[n], "origin": "position", "separation": 0.1,
                "rank": 1, "n_neighbours": 1, "n_mates": 1,
            }
            for n in range(STARS)
        ]  # fmt: skip
        self.connection.execute(insert(Neighbourhood), pairs)
        self.close("match")
        self.ids |= {"match": self.match, "gaia_run": run}

    def source_row(self, n: int, run: int, parallax: float, apparent: float) -> dict[str, Any]:
        """Return a source of Gaia; its G is fainter than free of dust by its colour."""
        return {
            "data_release_id": self.ids["gaia_dr3"], "external_id": str(FIRST_SOURCE + n),
            "source_id": FIRST_SOURCE + n, "valid_from_run_id": run, "parallax": parallax,
            "err_parallax": 0.02, "phot_g_mean_mag": apparent + 1.9, "phot_bp_mean_mag": 15.5,
            "phot_rp_mean_mag": 14.5, "ruwe": 1.0, **position(200.0 + n / 100.0, 10.0),
        }  # fmt: skip

    def load_more_stars(self) -> list[int]:
        run = self.open("many_stars", RunKind.STAR, previous_run_id=self.runs["stars"],
                        linking_radius=3.0)  # fmt: skip
        stars = list(range(FIRST_STAR, FIRST_STAR + STARS))
        rows = [{"star_id": star, "created_run_id": run} for star in stars]
        self.connection.execute(insert(Star), rows)
        versions = [
            {
                "star_id": stars[n], "star_run_id": run, "gaia_dr3_source_id": FIRST_SOURCE + n,
                "starid": f"S{n}", **position(200.0 + n / 100.0, 10.0),
            }
            for n in range(STARS)
        ]  # fmt: skip
        self.connection.execute(insert(StarVersion), versions)
        members = [
            {"spectrum_id": self.spectra[n], "star_id": stars[n], "star_run_id": run}
            for n in range(STARS)
        ]
        self.connection.execute(insert(StarMember), members)
        close_run(self.connection, run)
        return stars
