"""The way of a user from the files of a survey to a release, by the commands and functions."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from starledger.__main__ import main
from starledger.compute.training.overlap import Cuts
from starledger.schema.database import Database
from tests.realistic.sky import APOGEE, LABELS, Sky

WINDOW = "4102,5674.2"
"""LAMOST's blue arm in vacuum in Å, away from the air's bands and the dichroic."""
CUTS = Cuts(
    min_snr=20.0, min_catalog_snr=10.0, ranges={"teff": (4100.0, 7100.0), "logg": (0.8, 5.2)}
)
ORDER = 3
"""Of the Cannon's polynomials: with the usual 2 it cannot follow dwarfs and giants at once, and
trends of 0.1 dex stay in [Mg/Fe] whatever is calibrated."""
GAUSSIANS = 12
"""By which labels are freed of their errors: GALAH's own, taken at its word, make most of the
scatter of abundances, and leave 0.05 dex in stars of one kind."""
MODEL = "cannon_galah"
ABUNDANCES = ("mg_fe", "ca_fe")
RANGE = (4600.0, 6700.0)
"""Range of Teff in K over which all is calibrated, and the claims hold."""


_WITHIN = ("--low", RANGE[0], "--high", RANGE[1])
FLOOR = (
    "--variables", "teff,logg,fe_h,visit_snr", "--degree", 1, "--boundary", "wheeler",
)  # fmt: skip
_OF_ALL = ("--variable", "teff,logg,fe_h", "--degree", 3, *_WITHIN)


class Refused(AssertionError):
    """A command ended with an error."""


@dataclass
class User:
    """Somebody at the command line, who takes JSON.

    Parameters
    ----------
    options
        Before each command.
    """

    options: tuple[str, ...] = ()

    def __call__(self, *arguments: object) -> Any:
        """Run a command and return what it said."""
        out = io.StringIO()
        try:
            with contextlib.redirect_stdout(out):
                main([*self.options, *map(str, arguments), "--json"])
        except SystemExit as ended:
            if ended.code not in (None, 0):
                raise Refused(f"{' '.join(map(str, arguments))} ended with {ended.code}.") from None
        return json.loads(out.getvalue())


@dataclass
class Way:
    """What came of each step.

    Parameters
    ----------
    user, database, sky
        Who goes, where to, and from where.
    combination
        The combination run.
    apogee
        The crossmatch run of the spectra with APOGEE.
    calibrations
        Versions of the calibrations by their names.
    """

    user: User
    database: Database
    sky: Sky
    combination: int = 0
    apogee: int = 0
    calibrations: dict[str, int] = field(default_factory=dict)

    def ingest(self) -> None:
        """Bring spectra and catalogs in, match them, and make stars of visits."""
        user, folder = self.user, self.sky.folder
        user("ingest", "spectra", "lamost", "dr5", folder / "lamost" / "spectra")
        catalogs = folder / "galah" / "catalogs"
        user("ingest", "catalog", "galah", "dr2", catalogs / "GALAH_DR2_catalog.fits")
        user("ingest", "catalog", "galah", "dr3", catalogs / "GALAH_DR3_main_v2.fits")
        user("ingest", "catalog", "apogee", "dr16", folder / APOGEE)
        gaia = folder / "gaia" / "catalogs" / "gaia_dr3_source.ecsv"
        user("ingest", "catalog", "gaia", "dr3", gaia)
        user("crossmatch", "lamost/dr5:spectra", "gaia/dr3", "--radius", 3)
        matched = user("crossmatch", "lamost/dr5:spectra", "apogee/dr16", "--radius", 2)
        self.apogee = matched["run"]
        user("stars", "assign")

    def train(self, name: str = MODEL, order: int = ORDER, cuts: Cuts = CUTS) -> int:
        """Train a Cannon on the overlap with GALAH DR2; return how many stars taught it."""
        self.user("crossmatch", "lamost/dr5:spectra", "galah/dr2", "--radius", 2)
        ranges = [("--range", label, *ends) for label, ends in cuts.ranges.items()]
        taught = self.user(
            *("model", "cannon", name, "lamost/dr5:spectra", "galah/dr2"),
            *("--labels", ",".join(LABELS), "--order", order, "--window", WINDOW),
            *("--deconvolve", GAUSSIANS),
            *("--min-snr", cuts.min_snr, "--min-catalog-snr", cuts.min_catalog_snr),
            *(word for one in ranges for word in one),
            *("--held-out", 0, "--device", "cpu"),
            *("--description", "LAMOST spectra with labels of GALAH DR2, simulated."),
        )
        return int(taught["n_training"])

    def fit(self, name: str = MODEL) -> None:
        """Fit all visits, judge and combine them."""
        user = self.user
        user(
            *("fit", name, "--emulator-error"),
            *("--where", "snr > 15", "--workers", 2, "--threads", 1, "--device", "cpu"),
        )
        user("quality", "run", name)
        self.combination = user("combine", name)["run"]

    def star_ids(self) -> Mapping[int, int]:
        """Return the star of each Gaia source."""
        query = text("""
            SELECT DISTINCT ON (star_id) gaia_dr3_source_id, star_id FROM ledger.star_version
            WHERE gaia_dr3_source_id IS NOT NULL ORDER BY star_id, star_run_id DESC
        """)
        with self.database.engine().connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def derive(
        self, kind: str, name: str, label: str, *more: object, after: Sequence[str] = ()
    ) -> Any:
        """Derive a calibration and return what was said of it."""
        options = [word for one in after for word in ("--after", one)]
        said = self.user(
            *("calibrate", "derive", kind, name, "--label", label),
            *("--combination", self.combination, "--no-figure", *options, *more),
        )
        self.calibrations[name] = said["version"]
        return said

    def calibrate(self) -> dict[str, Any]:
        """Derive the usual chain; return what each derivation said of its held-out part."""
        said = {}
        for label in ("teff", "logg", "fe_h"):
            said[f"{label}_all"] = self._by_reference(f"{label}_all", label, *_OF_ALL)
        for population in ("dwarf", "giant"):
            name, of = f"logg_logg_{population}", ("--population", population, "--knots", 4)
            said[name] = self._by_reference(
                name, "logg", "--variable", "logg", *of, after=["logg_all"]
            )
        pairs = self._pairs_file()
        for label in ABUNDANCES:
            trend, rest = f"{label}_teff", f"{label}_all"
            said[trend] = self.derive("binaries", trend, label, "--pairs", pairs, *_WITHIN)
            said[rest] = self._by_reference(rest, label, *_OF_ALL, after=[trend])
        for label in LABELS:
            self._calibrate_errors(label, said)
        return said

    def _by_reference(self, name: str, label: str, *more: object, after: Sequence[str] = ()) -> Any:
        """Derive a curve against GALAH DR3."""
        return self.derive("reference", name, label, "--catalog", "galah/dr3", *more, after=after)

    def _calibrate_errors(self, label: str, said: dict[str, Any]) -> None:
        """Scale the errors by repeats, and add what repeats do not show."""
        before = [one for one in self.calibrations if one.startswith(label)]
        factor = f"{label}_errors"
        said[factor] = self.derive(
            "errors", factor, label, "--degree", 2, "--held-out", 0.5, "--ratio", 1.5
        )
        for population in ("dwarf", "giant"):
            name = f"{label}_floor_{population}"
            said[name] = self.derive(
                "floor", name, label, "--catalog", "apogee/dr16", "--crossmatch", self.apogee,
                "--population", population, *FLOOR, *_WITHIN, after=[*before, factor],
            )  # fmt: skip

    def _pairs_file(self) -> Path:
        star_of, source = self.star_ids(), self.sky.source_id
        path = self.sky.folder / "pairs.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["star_id", "partner_star_id"])
            for pair in self.sky.pairs(held_out=False):
                stars = [star_of.get(int(source[one])) for one in pair]
                if None not in stars:
                    writer.writerow(stars)
        return path

    def publish(self, name: str = "dr1", model: str = MODEL) -> None:
        """Publish a release with all calibrations."""
        chosen = [
            word
            for one, version in self.calibrations.items()
            for word in ("--calibration", f"{one}:{version}")
        ]
        self.user(
            *("release", "create", name, "--model", model, "--combination", self.combination),
            *("--title", "The realistic arm", "--licence", "CC BY 4.0", *chosen),
        )
        self.user("release", "publish", name)


def published(way: Way, release: str = "dr1") -> dict[str, NDArray[Any]]:
    """Return the stars of a release by column; what is missing is NaN."""
    columns = ["gaia_dr3_source_id", "snr", "n_visits", "flag_bad", "calibration_held"]
    prefixes = ("", "err_", "raw_", "raw_err_")
    columns += [f"{prefix}{label}" for label in LABELS for prefix in prefixes]
    known = "gaia_dr3_source_id IS NOT NULL"
    query = text(f"SELECT {', '.join(columns)} FROM {release}.star WHERE {known}")
    with way.database.engine().connect() as connection:
        rows = connection.execute(query).all()
    return {
        name: np.array([row[i] for row in rows], np.int64 if i == 0 else float)
        for i, name in enumerate(columns)
    }
