from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from astropy.io import fits
from sqlalchemy import text

from starledger.compute.simulate.observe.surveys import SURVEYS
from starledger.compute.simulate.survey import simulate_survey
from starledger.schema.database import Database
from tests.compute.simulate.pretend_spectra import PretendSpectra
from tests.conftest import Answer, Command, address
from tests.real_data import real_path

pytestmark = pytest.mark.integration

STARS = 40
MADE: dict[str, tuple[str, Literal["old", "new"]]] = {
    "lamost_old": ("lamost", "old"),
    "lamost_new": ("lamost", "new"),
    "apogee": ("apogee", "old"),
    "boss": ("boss", "old"),
    "galah": ("galah", "old"),
    "gaia": ("gaia", "old"),
}
Run = Callable[..., Answer]


@dataclass(frozen=True)
class Simulated:
    """A simulated survey in a folder, and what is true of it."""

    folder: Path
    counts: dict[str, int] = field(default_factory=dict)

    def truth(self, name: str) -> Any:
        """Return a column of the truth about visits."""
        with fits.open(self.folder / "truth" / "visits.fits") as hdus:
            return np.array(hdus[1].data[name])

    def catalog(self, pattern: str) -> str:
        """Return the path of one of its catalogs."""
        (path,) = (self.folder / "catalogs").glob(pattern)
        return str(path)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Simulated]:
    """Simulate every survey, LAMOST in both layouts."""
    made = {}
    for name, (survey, layout) in MADE.items():
        folder = tmp_path_factory.mktemp("simulated") / name
        spectra = PretendSpectra(SURVEYS[survey].instrument.band) if survey in SURVEYS else None
        done = simulate_survey(survey, STARS, 3, folder, layout=layout, spectra=spectra)
        made[name] = Simulated(folder, done.counts)
    return made


@pytest.fixture
def run(ledger: Database, home: Path, starledger: Command) -> Run:
    """Run a command on the ledger and return its answer."""

    def call(*words: str, code: int = 0) -> Answer:
        answer = starledger("--database", address(ledger), *words)
        assert answer.code == code, answer
        return answer

    return call


def ingested(run: Run, what: str, *words: str, code: int = 0) -> Any:
    """Return what an ingest tells programs."""
    return json.loads(run("ingest", what, *words, "--json", code=code).out)


@pytest.mark.parametrize("layout", ["old", "new"])
def test_lamost_goes_in_whole(run: Run, simulated: dict[str, Simulated], layout: str) -> None:
    survey = simulated[f"lamost_{layout}"]
    rows, labelled = survey.truth("catalog_rows"), survey.truth("label_rows")
    for name, expected in (("general", rows), ("stellar", labelled)):
        (told,) = ingested(run, "catalog", "lamost", "dr5", survey.catalog(f"*_{name}.csv"))
        assert told["n_read"] == survey.counts[f"{name}_rows"] == expected.sum()
        assert told["n_inserted"] == (expected > 0).sum()
        # Visits that the catalog holds twice stand in it with the same words.
        assert told["n_unchanged"] == (expected - (expected > 0)).sum()
        assert told["n_rejected"] == 0
    told = ingested(run, "spectra", "lamost", "dr5", str(survey.folder / "spectra"))
    assert told["n_inserted"] == told["n_files"] == survey.truth("has_file").sum()
    assert told["n_rejected"] == 0


def test_apogee_goes_in_whole(run: Run, simulated: dict[str, Simulated]) -> None:
    survey = simulated["apogee"]
    for name, expected in (("allStar", "allstar_rows"), ("allVisit", "allvisit_rows")):
        (told,) = ingested(run, "catalog", "apogee", "dr16", survey.catalog(f"{name}*"))
        assert told["n_inserted"] == told["n_read"] == survey.counts[expected]
    told = ingested(run, "spectra", "apogee", "dr16", str(survey.folder / "spectra" / "apvisit"))
    assert told["n_inserted"] == survey.counts["apvisit"] == survey.truth("has_file").sum()
    told = ingested(run, "spectra", "apogee", "dr16/stars", str(survey.folder / "spectra/apstar"))
    # One sum of each star, and each of its visits.
    assert told["n_inserted"] == survey.counts["apstar"] + survey.counts["visits"]


def test_boss_goes_in_whole(run: Run, simulated: dict[str, Simulated]) -> None:
    survey = simulated["boss"]
    (told,) = ingested(run, "catalog", "sdss", "dr16", survey.catalog("spAll*"))
    assert told["n_inserted"] == told["n_read"] == survey.counts["spall_rows"]
    told = ingested(run, "spectra", "sdss", "dr16", str(survey.folder / "spectra"))
    assert told["n_inserted"] == survey.counts["spectra"] == survey.truth("has_file").sum()


def test_galah_and_gaia_go_in_whole(run: Run, simulated: dict[str, Simulated]) -> None:
    for survey, release, pattern, expected in (
        ("galah", "dr2", "*DR2*", "galah_dr2_rows"),
        ("galah", "dr3/v2", "*DR3*", "galah_dr3_rows"),
        ("gaia", "dr2", "*dr2_source*", "gaia_dr2_source_rows"),
        ("gaia", "dr3", "*dr3_source*", "gaia_dr3_source_rows"),
        ("gaia", "dr3", "*neighbourhood*", "dr2_neighbourhood_rows"),
    ):
        path = simulated[survey].catalog(pattern)
        (told,) = ingested(run, "catalog", survey, release, path)
        assert told["n_inserted"] == told["n_read"] == simulated[survey].counts[expected]


def test_visits_become_the_stars_that_they_are_of(
    run: Run, ledger: Database, simulated: dict[str, Simulated]
) -> None:
    lamost, gaia = simulated["lamost_old"], simulated["gaia"]
    ingested(run, "spectra", "lamost", "dr5", str(lamost.folder / "spectra"))
    ingested(run, "catalog", "gaia", "dr3", gaia.catalog("*dr3_source*"))
    run("crossmatch", "lamost/dr5:spectra", "gaia/dr3:source", "--radius", "3")
    run("stars", "assign")
    with ledger.engine().connect() as connection:
        found = connection.execute(
            text(
                "SELECT s.file_name, v.gaia_dr3_source_id FROM ledger.spectrum s"
                " JOIN ledger.star_member USING (spectrum_id) JOIN ledger.star_version v"
                " USING (star_id)"
            )
        )
        assigned = {Path(name).name.removesuffix(".gz"): source for name, source in found}
    with fits.open(lamost.folder / "truth" / "stars.fits") as hdus:
        source_of = dict(
            zip(hdus[1].data["number"], hdus[1].data["gaia_dr3_source_id"], strict=True)
        )
    files, stars = lamost.truth("file"), lamost.truth("star")
    true = {file: source_of[star] for file, star in zip(files, stars, strict=True)}
    assert assigned
    assert assigned == {name: true[name] for name in assigned}


def test_what_came_in_is_listed(run: Run, simulated: dict[str, Simulated], tmp_path: Path) -> None:
    path = tmp_path / "general.csv"
    lines = Path(simulated["lamost_old"].catalog("*_general.csv")).read_text().splitlines()
    broken = lines[3].split("|")
    broken[lines[0].split("|").index("dec")] = "95.0"
    path.write_text("\n".join([*lines[:3], "|".join(broken), *lines[4:]]))
    (told,) = ingested(run, "catalog", "lamost", "dr5", str(path), code=1)
    assert told["n_rejected"] == 1
    (listed,) = json.loads(run("ingest", "runs", "--json").out)
    assert (listed["run"], listed["read"], listed["rejected"], listed["state"]) == (
        told["run_id"],
        told["n_read"],
        1,
        "done",
    )
    (rejected,) = json.loads(run("ingest", "rejects", str(told["run_id"]), "--json").out)
    assert rejected["row_number"] == 3
    assert rejected["reason"] == "dec is not within -90 to 90"
    assert rejected["external_id"] == broken[0]
    assert "95.0" in run("ingest", "rejects").out


def test_rejects_of_a_run_that_is_none(run: Run) -> None:
    assert "Nothing was ingested yet" in run("ingest", "rejects", code=2).err
    assert "There is no ingest run 7" in run("ingest", "rejects", "7", code=2).err


def test_formats_say_on_what_they_were_checked(run: Run) -> None:
    listed = json.loads(run("ingest", "formats", "--json").out)
    assert {one["content"] for one in listed} == {"catalog", "spectra"}
    said = {one["layout"]: one["checked_on"] for one in listed}
    assert said["lamost_lrs_pilot"] == said["apogee_allstar_dr12"] == "a real file"
    assert said["gaia_dr3_source"] == "a simulated file"
    assert set(said.values()) <= {
        "a real file",
        "a simulated file",
        "its published description",
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lamost", "dr5", "general.csv"], "lacks the columns"),
        (["segue", "dr5", "general.csv"], "is no survey that we know"),
        (["lamost", "DR5", "general.csv"], "is not the name of a data release"),
        (["lamost", "dr5", "general.csv", "--layout", "lamosts"], "There is no layout lamosts"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_done(
    run: Run, tmp_path: Path, words: list[str], said: str
) -> None:
    (tmp_path / "general.csv").write_text("obsid|ra\n1|2.0\n")
    given = [str(tmp_path / word) if word.endswith(".csv") else word for word in words]
    assert said in run("ingest", "catalog", *given, code=2).err
    assert json.loads(run("ingest", "runs", "--json").out) == []


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("survey", "folder", "files", "spectra"),
    [
        ("lamost", "lamost/pilot", 176, 176),
        ("lamost", "lamost/dr7_plate", 100, 100),
        ("lamost", "lamost/formats", 6, 28),
        ("apogee", "apogee/apstar", 8, 28),
        ("apogee", "apogee/apvisit", 3, 3),
        ("sdss", "boss", 6, 46),
    ],
)
def test_real_spectra_go_in_whole(
    run: Run, survey: str, folder: str, files: int, spectra: int
) -> None:
    for again in (False, True):
        told = ingested(run, "spectra", survey, "real", str(real_path(folder)))
        assert (told["n_files"], told["n_rejected"]) == (files, 0)
        assert (told["n_inserted"], told["n_files_skipped"]) == (
            (0, files) if again else (spectra, 0)
        )
