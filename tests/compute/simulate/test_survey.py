from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from starledger.compute.simulate.observe.observing import Observer, Quality
from starledger.compute.simulate.observe.rest_spectra import Band
from starledger.compute.simulate.observe.surveys import SURVEYS
from starledger.compute.simulate.population.truth import Mixture, draw_stars
from starledger.compute.simulate.survey import (
    CATALOGS,
    NAMES,
    SimulationRefused,
    simulate_survey,
)
from starledger.schema.errors import StarledgerError
from tests.compute.simulate.pretend_spectra import PretendSpectra

STARS, SEED = 80, 5


def pretend(survey: str) -> PretendSpectra | None:
    return None if survey in CATALOGS else PretendSpectra(band_of(survey))


def band_of(survey: str) -> Band:
    return SURVEYS[survey].instrument.band


def make(survey: str, out: Path, stars: int = STARS, **options: Any) -> dict[str, int]:
    return simulate_survey(survey, stars, SEED, out, spectra=pretend(survey), **options).counts


@pytest.fixture(scope="module", params=[(s, q) for s in NAMES for q in Quality])
def simulated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Quality, Path, dict[str, int]]:
    survey, quality = request.param
    out = tmp_path_factory.mktemp(f"{survey}-{quality}")
    return survey, quality, out, make(survey, out, quality=quality)


def tree_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()


def test_counts_are_those_of_the_files_and_of_the_truth(
    simulated: tuple[str, Quality, Path, dict[str, int]],
) -> None:
    survey, _, out, counts = simulated
    stored = json.loads((out / "truth" / "counts.json").read_text())
    assert stored["counts"] == counts
    assert len(fits.getdata(out / "truth" / "stars.fits", 1)) == STARS
    if survey in CATALOGS:
        return
    visits = fits.getdata(out / "truth" / "visits.fits", 1)
    assert len(visits) == counts["visits"]
    assert len(np.unique(visits["star"])) == STARS
    files = [p for p in (out / "spectra").rglob("*") if p.is_file()]
    of_visits = counts["apvisit" if survey == "apogee" else "spectra"]
    assert visits["has_file"].sum() == of_visits
    assert len(files) == of_visits + counts.get("apstar", 0)
    names = {p.name.removesuffix(".gz") for p in files}
    assert set(visits["file"][visits["has_file"] == 1]) <= names
    assert not list(out.rglob(".*"))


def test_catalogs_hold_what_the_truth_says(
    simulated: tuple[str, Quality, Path, dict[str, int]],
) -> None:
    survey, _, out, counts = simulated
    rows = {}
    for path in (out / "catalogs").iterdir():
        if path.suffix == ".fits":
            rows[path.name] = len(fits.getdata(path, 1))
        else:
            lines = [x for x in path.read_text().splitlines() if not x.startswith("#")]
            rows[path.name] = len(lines) - 1
    assert sorted(rows.values()) == sorted(n for name, n in counts.items() if name.endswith("rows"))
    if survey == "lamost":
        visits = fits.getdata(out / "truth" / "visits.fits", 1)
        assert visits["catalog_rows"].sum() == counts["general_rows"]
        assert visits["label_rows"].sum() == counts["stellar_rows"]


@pytest.mark.parametrize("survey", NAMES)
def test_same_seed_same_bytes(survey: str, tmp_path: Path) -> None:
    hashes = []
    for name in ("one", "two"):
        make(survey, tmp_path / name, stars=12)
        hashes.append(tree_hash(tmp_path / name))
    assert hashes[0] == hashes[1]
    simulate_survey(survey, 12, SEED + 1, tmp_path / "other", spectra=pretend(survey))
    assert tree_hash(tmp_path / "other") != hashes[0]


def test_two_processes_write_what_one_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The processes that are started import what the tests define.
    monkeypatch.syspath_prepend(Path(__file__).parents[3])
    for processes in (1, 2):
        make("lamost", tmp_path / str(processes), stars=100, processes=processes)
    assert tree_hash(tmp_path / "1") == tree_hash(tmp_path / "2")


def test_all_surveys_show_the_same_sky(tmp_path: Path) -> None:
    skies = []
    for survey in ("lamost", "galah"):
        make(survey, tmp_path / survey, stars=12)
        skies.append((tmp_path / survey / "truth" / "stars.fits").read_bytes())
    assert skies[0] == skies[1]


def test_fitsverify_finds_no_error(
    simulated: tuple[str, Quality, Path, dict[str, int]], fitsverify: str
) -> None:
    _, _, out, _ = simulated
    files = [p for p in out.rglob("*") if p.name.endswith((".fits", ".fits.gz"))]
    for path in [*files[:6], *files[-6:]]:
        # APOGEE's own apStar files are warned of, as the grid stands in the primary header too.
        severity = ["-e"] if path.name.startswith("apStar") else []
        done = subprocess.run(
            [fitsverify, "-q", *severity, str(path)], capture_output=True, text=True, check=False
        )
        assert "verification OK" in done.stdout, done.stdout


def test_astropy_has_nothing_to_say(simulated: tuple[str, Quality, Path, dict[str, int]]) -> None:
    _, _, out, _ = simulated
    files = [p for p in out.rglob("*") if p.name.endswith((".fits", ".fits.gz"))]
    for path in [*files[:3], *files[-3:]]:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with fits.open(path) as hdus:
                hdus.verify("exception")
                for hdu in hdus:
                    assert hdu.header is not None


@pytest.mark.parametrize("survey", list(SURVEYS))
def test_noise_of_the_clean_arm_is_what_is_stated(survey: str) -> None:
    stars = draw_stars(30, SEED)
    how = SURVEYS[survey]
    observer = Observer(how, stars, PretendSpectra(how.instrument.band), Quality.CLEAN, SEED)
    seen = observer.observe(0, 0, 30)
    exposure = seen.batch.exposure
    used = ~exposure.lost
    pull = ((exposure.flux - seen.noiseless) / exposure.sigma)[used]
    assert abs(pull.std() - 1) < 0.02
    assert abs(pull.mean()) < 0.02
    assert abs((np.abs(pull) < 1).mean() - 0.6827) < 0.005
    assert abs((pull**4).mean() / 3 - 1) < 0.05


def test_realistic_errors_are_not_what_is_stated() -> None:
    stars = draw_stars(30, SEED)
    how = SURVEYS["lamost"]
    observer = Observer(how, stars, PretendSpectra(how.instrument.band), Quality.REALISTIC, SEED)
    seen = observer.observe(0, 0, 30)
    exposure = seen.batch.exposure
    pull = (exposure.flux - seen.noiseless) / exposure.sigma
    widths = 1.4826 * np.median(np.abs(np.diff(pull[:, 1000:1800])), axis=1) / np.sqrt(2)
    assert widths.max() / widths.min() > 1.1
    assert exposure.bad.any()
    assert exposure.struck.any()
    assert exposure.telluric.any()
    assert seen.batch.circumstances.zero_point.std() > 0


def test_a_quarter_is_seen_again_on_another_night(tmp_path: Path) -> None:
    make("lamost", tmp_path, stars=400)
    visits = fits.getdata(tmp_path / "truth" / "visits.fits", 1)
    first = visits[visits["sequence"] == 1]
    assert abs((first["visits_of_star"] > 1).mean() - 0.25) < 0.07
    pairs = set(zip(visits["star"].tolist(), visits["night"].tolist(), strict=True))
    assert len(pairs) == len(visits)


def test_slips_of_the_survey_are_in_the_truth(tmp_path: Path) -> None:
    counts = make("lamost", tmp_path, stars=500)
    visits = fits.getdata(tmp_path / "truth" / "visits.fits", 1)
    assert set(visits["catalog_rows"].tolist()) == {0, 1, 2}
    with (tmp_path / "catalogs" / "lamost_dr5_general.csv").open() as file:
        ids = [row["obsid"] for row in csv.DictReader(file, delimiter="|")]
    assert len(ids) == counts["general_rows"]
    assert len(ids) - len(set(ids)) == (visits["catalog_rows"] == 2).sum()


@pytest.mark.parametrize(
    ("survey", "stars"),
    [("sdss", 5), ("lamost", 0), ("gaia", -3)],
)
def test_nonsense_is_refused(survey: str, stars: int, tmp_path: Path) -> None:
    with pytest.raises(SimulationRefused) as caught:
        simulate_survey(survey, stars, SEED, tmp_path / "out")
    assert caught.value.remedy
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "thesis.txt"
    kept.write_text("mine")
    with pytest.raises(StarledgerError, match="not empty"):
        make("gaia", tmp_path)
    make("gaia", tmp_path, force=True)
    assert kept.read_text() == "mine"


def test_progress_tells_of_every_star(tmp_path: Path) -> None:
    told: list[int] = []
    make("lamost", tmp_path, stars=100, progress=told.append)
    assert sum(told) == 100
    assert len(told) > 1


def test_mixture_and_shares_of_visits_are_those_asked_for(tmp_path: Path) -> None:
    mixture = Mixture(clusters=0.0, wide=0.5, binaries=0.0)
    make("lamost", tmp_path / "lamost", mixture=mixture, visit_shares=(0.0, 0.0, 1.0))
    make("gaia", tmp_path / "gaia", mixture=mixture)
    stars, visits = (
        fits.getdata(tmp_path / "lamost" / "truth" / f"{name}.fits") for name in ("stars", "visits")
    )
    assert (stars["cluster"] == -1).all()
    assert not stars["companion_exists"].any()
    assert 0.3 < (stars["wide_partner"] >= 0).mean() <= 0.5
    assert len(visits) == 3 * STARS
    same = fits.getdata(tmp_path / "gaia" / "truth" / "stars.fits")
    assert (same["gaia_dr3_source_id"] == stars["gaia_dr3_source_id"]).all()


@pytest.mark.parametrize("survey", ["lamost", "apogee", "boss"])
def test_catalogs_alone_tell_of_the_same_stars(survey: str, tmp_path: Path) -> None:
    counts = make(survey, tmp_path, catalogs_only=True)
    assert sum(counts.get(name, 0) for name in ("spectra", "apvisit", "apstar")) == 0
    assert not (tmp_path / "spectra").exists()
    visits = fits.getdata(tmp_path / "truth" / "visits.fits", 1)
    assert len(visits) == counts["visits"] > STARS / 2
    assert not visits["has_file"].any()


def test_wide_binaries_are_those_of_the_truth(tmp_path: Path) -> None:
    counts = make("gaia", tmp_path, mixture=Mixture(wide=0.4))
    stars = fits.getdata(tmp_path / "truth" / "stars.fits", 1)
    with (tmp_path / "catalogs" / "wide_binaries.csv").open() as file:
        pairs = {
            frozenset((int(row["source_id1"]), int(row["source_id2"])))
            for row in csv.DictReader(file)
        }
    source, partner = stars["gaia_dr3_source_id"], stars["wide_partner"]
    expected = {
        frozenset((int(source[i]), int(source[partner[i]]))) for i in np.flatnonzero(partner >= 0)
    }
    assert pairs == expected
    assert counts["wide_binaries_rows"] == len(pairs) > 10
