"""The stages of the demonstration, in their order: each runs some commands of a user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starledger.catalog.demo.calibrating import calibrate
from starledger.catalog.demo.sizes import Size
from starledger.catalog.demo.user import User
from starledger.compute.training.abinitio import SPECTROGRAPHS

RELEASE = "demo_dr1"
PAYNE, CANNON = "payne_demo", "cannon_demo"
LABELS = ("teff", "logg", "fe_h", "mg_fe", "ca_fe")
"""What GALAH teaches the Cannon, and the release recommends."""
SEED = 2
SKY = ("--pairs", 0.3, "--clusters", 0.15, "--binaries", 0.1, "--visits", "0.25,0.45,0.3")
"""More wide pairs, members of clusters and repeats than surveys have: few stars must tell much."""
PAYNE_LABELS = (*SPECTROGRAPHS["lamost_lrs"].labels, "vsini")
"""What lines of LAMOST tell of, and how broad they are."""
TEACHERS = ("--range", "teff", 4100, 7100, "--range", "logg", 0.8, 5.2)
GAUSSIANS = 12
"""By which GALAH's labels are freed of the errors that it states, before they teach."""
QUERIES = {
    "The most metal-poor giants": """
        SELECT TOP 5 star_id, gaia_dr3_source_id, teff, logg, fe_h, err_fe_h FROM star
        WHERE logg < 3.5 AND flag_bad = 'false' ORDER BY fe_h""",
    "The disks: [Mg/Fe] in bins of [Fe/H]": """
        SELECT ROUND(fe_h * 5) / 5 AS metallicity, COUNT(*) AS stars, ROUND(AVG(mg_fe), 3) AS mg_fe
        FROM star WHERE flag_bad = 'false' AND fe_h > -1.1 GROUP BY ROUND(fe_h * 5) / 5
        ORDER BY metallicity""",
    "M67, within half a degree": """
        SELECT COUNT(*) AS stars, ROUND(AVG(fe_h), 3) AS fe_h, ROUND(AVG(mg_fe), 3) AS mg_fe
        FROM star WHERE flag_bad = 'false'
        AND 1 = CONTAINS(POINT(ra, dec), CIRCLE(132.85, 11.81, 0.5))""",
}


@dataclass
class Demo:
    """A demonstration under way.

    Parameters
    ----------
    folder
        Where all of it is.
    size, quality
        How much is simulated, and how well it was observed: ``clean`` or ``realistic``.
    user
        Who runs the commands.
    facts
        What stages leave for later ones.
    """

    folder: Path
    size: Size
    quality: str
    user: User
    facts: dict[str, Any]

    @property
    def survey(self) -> Path:
        """Folder of the simulated files."""
        return self.folder / "survey"

    @property
    def exports(self) -> Path:
        """Folder of the exported files."""
        return self.folder / "export"


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the way.

    Parameters
    ----------
    name
        In the journal.
    title
        What is going on, in words.
    act
        Does it, again if need be, and returns a sentence on what it did.
    """

    name: str
    title: str
    act: Callable[[Demo], str]


def make_ledger(demo: Demo) -> str:
    """Bring the ledger's tables into being."""
    return f"The ledger is of revision {demo.user('db', 'upgrade')['revision']}."


def simulate(demo: Demo) -> str:
    """Simulate the surveys; what an interruption left is made anew."""
    for survey, more in (
        ("lamost", ("--nodes", demo.size.nodes)),
        ("apogee", ("--catalogs-only",)),
        ("galah", ()),
        ("gaia", ()),
    ):
        folder = demo.survey / survey
        # The counts are written last of all.
        if not (folder / "truth" / "counts.json").exists():
            demo.user(
                *("simulate", survey, "--stars", demo.size.stars, "--seed", SEED, *SKY),
                *("--quality", demo.quality, "--out", folder, "--force", *more),
            )
    visits = len(list((demo.survey / "lamost" / "spectra").glob("*/*.gz")))
    return f"{demo.size.stars:,} stars, {visits:,} LAMOST visits of them."


def ingest(demo: Demo) -> str:
    """Bring in spectra and catalogs."""
    user, survey = demo.user, demo.survey
    found = user("ingest", "spectra", "lamost", "dr5", survey / "lamost" / "spectra")
    galah, gaia = survey / "galah" / "catalogs", survey / "gaia" / "catalogs"
    for one, release, file in (
        ("galah", "dr2", galah / "GALAH_DR2_catalog.fits"),
        ("galah", "dr3", galah / "GALAH_DR3_main_v2.fits"),
        ("apogee", "dr16", survey / "apogee" / "catalogs" / "allStar-r12-l33.fits"),
        ("gaia", "dr3", gaia / "gaia_dr3_source.ecsv"),
        ("value_added", "wide_binaries", gaia / "wide_binaries.csv"),
    ):
        user("ingest", "catalog", one, release, file)
    spectra = found["n_files"] - found["n_files_refused"]
    return f"{spectra:,} spectra and the catalogs of GALAH, APOGEE and Gaia are in."


def match(demo: Demo) -> str:
    """Find the stars of the spectra in the catalogs, and make stars of visits."""
    for catalog, radius in (("gaia/dr3", 3), ("galah/dr2", 2), ("apogee/dr16", 2)):
        matched = demo.user("crossmatch", "lamost/dr5:spectra", catalog, "--radius", radius)
        demo.facts[f"match with {catalog}"] = matched["run"]
    stars = demo.user("stars", "assign")
    return f"The spectra are of {stars['n_stars']:,} stars, {stars['n_with_gaia']:,} in Gaia."


def train_payne(demo: Demo) -> str:
    """Train The Payne on the ab-initio grid."""
    if _is_registered(demo, PAYNE):
        return f"{PAYNE} is registered."
    said = demo.user(
        *("model", "train", PAYNE, "--instrument", "lamost_lrs", "--window", demo.size.window),
        *("--labels", ",".join(PAYNE_LABELS)),
        *("--spectra", demo.size.spectra, "--max-epochs", demo.size.epochs),
        # One for all pixels learns more from as many spectra, and sooner, than one for each.
        *("--network", "shared"),
        *("--quality", demo.quality, "--description", "The Payne on LAMOST's blue arm, ab initio"),
    )
    return f"The Payne predicts flux to {said['median_error']:.4f} of the continuum (median)."


def train_cannon(demo: Demo) -> str:
    """Train a Cannon on the overlap of LAMOST and GALAH."""
    if _is_registered(demo, CANNON):
        return f"{CANNON} is registered."
    said = demo.user(
        *("model", "cannon", CANNON, "lamost/dr5:spectra", "galah/dr2"),
        *("--labels", ",".join(LABELS), "--order", 3, "--window", demo.size.window),
        *("--min-snr", 30, "--min-catalog-snr", 25, "--deconvolve", GAUSSIANS, *TEACHERS),
        *("--description", "The Cannon on LAMOST's blue arm, taught by GALAH DR2"),
    )
    return f"{said['n_training']:,} stars that GALAH knows taught the Cannon."


def _is_registered(demo: Demo, name: str) -> bool:
    return any(model["name"] == name for model in demo.user("model", "list"))


def fit(demo: Demo) -> str:
    """Fit all visits with both models, judge the fits and combine the visits of each star."""
    said = []
    for model, more in ((PAYNE, ()), (CANNON, ("--emulator-error", "--free-width"))):
        demo.user("fit", model, "--where", "snr > 15", "--workers", 2, "--threads", 1, *more)
        # Killed after all was fitted, that found nothing to do: the run is asked for itself.
        (run, *_) = (one for one in demo.user("fit", "status") if one["model"] == model)
        demo.user("quality", "run", model)
        demo.facts[model] = demo.user("combine", model)["run"]
        fits, good = run["good"] + run["flagged"], run["good"]
        said.append(f"{fits:,} fits by {model}, {good:,} of them without a flag on any label")
    return f"{'; '.join(said)}."


def calibrated(demo: Demo) -> str:
    """Derive what corrects labels and errors."""
    demo.facts["calibrations"] = calibrate(
        demo.user, demo.facts[CANNON], demo.facts["match with apogee/dr16"]
    )
    return f"{len(demo.facts['calibrations'])} calibrations, each with a held-out check."


def publish(demo: Demo) -> str:
    """Publish the release, and verify it."""
    user = demo.user
    # Killed between the two commands, it left a draft, which is listed as well.
    if (RELEASE, "published") not in [
        (one["name"], one["state"]) for one in user("release", "list")
    ]:
        chosen = [
            word
            for name, version in demo.facts["calibrations"].items()
            for word in ("--calibration", f"{name}:{version}")
        ]
        models = [
            word
            for model in (PAYNE, CANNON)
            for word in ("--model", model, "--combination", demo.facts[model])
        ]
        recommended = [word for one in LABELS for word in ("--recommend", f"{one}={CANNON}")]
        user(
            *("release", "create", RELEASE, *models, *recommended, *chosen),
            *("--title", "Starledger's demonstration", "--licence", "CC0-1.0"),
            *("--description", "Simulated stars: nothing in it is real."),
        )
        user("release", "publish", RELEASE, "--materialise")
    user("release", "verify", RELEASE)
    return f"{RELEASE} is published, and holds."


def ask(demo: Demo) -> str:
    """Ask the release in ADQL."""
    answers = {
        title: demo.user.text("query", " ".join(query.split())) for title, query in QUERIES.items()
    }
    demo.facts["answers"] = answers
    return f"{len(answers)} queries were answered."


def export(demo: Demo) -> str:
    """Write the release into files, and check them."""
    for form in ("fits", "parquet"):
        demo.user("export", RELEASE, "--format", form, "--out", demo.exports / form)
        demo.user("export", "verify", demo.exports / form)
    return f"FITS and Parquet files are in {demo.exports}."


STAGES = (
    Stage("ledger", "Making a ledger", make_ledger),
    Stage("survey", "Simulating LAMOST, APOGEE, GALAH and Gaia", simulate),
    Stage("ingest", "Bringing spectra and catalogs in", ingest),
    Stage("match", "Matching them, and making stars of visits", match),
    Stage("payne", "Training The Payne on ab-initio spectra", train_payne),
    Stage("cannon", "Training The Cannon on the overlap with GALAH", train_cannon),
    Stage("fit", "Fitting, judging and combining all visits", fit),
    Stage("calibrate", "Calibrating labels and errors", calibrated),
    Stage("publish", "Publishing the release", publish),
    Stage("ask", "Asking it", ask),
    Stage("export", "Exporting it", export),
)
