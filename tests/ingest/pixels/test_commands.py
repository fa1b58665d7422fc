"""The command, on the simulated surveys in their own formats."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pytest
from astropy.io import fits
from click.testing import CliRunner
from sqlalchemy import text

from starledger.compute.simulate.files.lamost_files import Layout
from starledger.compute.simulate.observe.surveys import SURVEYS
from starledger.compute.simulate.survey import simulate_survey
from starledger.ingest.pixels import commands
from starledger.ingest.pixels.shard_reading import open_shard, verify_shard
from starledger.schema.console import Exit
from starledger.schema.database import Database
from starledger.schema.settings import load_settings
from tests.compute.simulate.pretend_spectra import PretendSpectra
from tests.conftest import address
from tests.ingest.pixels.content import content, shard_files
from tests.real_data import real_path

pytestmark = pytest.mark.integration

STARS = 30
Simulated = Literal["old", "new", "boss", "apogee"]
Ingest = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(scope="module", params=get_args(Simulated))
def simulated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, dict[str, int]]:
    """Return the name of a survey, the folder of its spectra and what was written there."""
    layout: Layout = "new" if request.param == "new" else "old"
    survey = "lamost" if request.param in {"old", "new"} else request.param
    out = tmp_path_factory.mktemp(request.param)
    spectra = PretendSpectra(SURVEYS[survey].instrument.band)
    made = simulate_survey(survey, STARS, 5, out, spectra=spectra, layout=layout)
    return {"boss": "sdss"}.get(survey, survey), out, made.counts


@pytest.fixture
def ingest(ledger: Database, home: Path) -> Ingest:
    """Return the command, run in this process with one process."""

    def run(survey: str, *sources: Path) -> tuple[int, dict[str, Any]]:
        loaded = load_settings({"database_url": address(ledger), "home": home}, {})
        arguments = [survey, "dr9", *map(str, sources), "--processes", "1", "--json"]
        done = CliRunner().invoke(commands.spectra, arguments, obj=loaded, catch_exceptions=False)
        return done.exit_code, json.loads(done.stdout)

    return run


def rows(ledger: Database, query: str) -> list[tuple[Any, ...]]:
    with ledger.engine().connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_simulated_survey_goes_in_whole(
    simulated: tuple[str, Path, dict[str, int]], ledger: Database, ingest: Ingest, home: Path
) -> None:
    survey, out, counts = simulated
    code, done = ingest(survey, out / "spectra")
    assert (code, done["n_rejected"]) == (Exit.DONE, 0)
    n_files = counts["apvisit"] + counts["apstar"] if survey == "apogee" else counts["spectra"]
    assert done["n_files"] == n_files
    assert done["n_inserted"] == done["n_read"] >= n_files
    truth = fits.getdata(out / "truth" / "visits.fits", 1)
    seen = {
        row[0].split("/")[-1].removesuffix(".gz")
        for row in rows(ledger, "SELECT file_name FROM ledger.spectrum")
    }
    assert seen >= set(truth["file"][truth["has_file"] == 1])
    root = home / "shards"
    with ledger.engine().connect() as connection:
        shards: Any = connection.execute(text("SELECT * FROM ledger.shard")).all()
    for row in shards:
        verify_shard(root, row)
    assert sum(row.n_spectra for row in shards) == done["n_inserted"]
    assert {row.path for row in shards} == set(shard_files(root))


def test_a_second_time_nothing_is_read(
    simulated: tuple[str, Path, dict[str, int]], ledger: Database, ingest: Ingest
) -> None:
    survey, out, _ = simulated
    _, first = ingest(survey, out / "spectra")
    before = content(ledger)
    code, done = ingest(survey, out / "spectra")
    assert (code, done["n_read"], done["n_skipped"]) == (Exit.DONE, 0, first["n_read"])
    assert content(ledger)["spectrum"] == before["spectrum"]


@pytest.mark.parametrize("simulated", ["old", "new"], indirect=True)
def test_positions_and_pixels_are_those_of_the_file(
    simulated: tuple[str, Path, dict[str, int]], ledger: Database, ingest: Ingest, home: Path
) -> None:
    survey, out, _ = simulated
    ingest(survey, out / "spectra")
    path = sorted((out / "spectra").rglob("*.gz"))[3]
    name = str(path.relative_to(out / "spectra"))
    with ledger.engine().connect() as connection:
        row: Any = connection.execute(
            text(
                "SELECT s.*, h.path, h.sha256 AS shard_sha256 FROM ledger.spectrum s"
                " JOIN ledger.shard h USING (shard_id) WHERE file_name = :name"
            ),
            {"name": name},
        ).one()
    with fits.open(path) as hdus:
        header = hdus[0].header
        assert (row.ra, row.dec) == (header["RA"], header["DEC"])
        assert row.external_id == str(header["OBSID"])
        old = len(hdus) == 1
        flux = hdus[0].data[0] if old else hdus["COADD"].data["FLUX"][0]
        wavelength = hdus[0].data[2] if old else hdus["COADD"].data["WAVELENGTH"][0]
    shard = open_shard(home / "shards", row)
    own = shard.own(row.shard_row)
    np.testing.assert_array_equal(shard.flux[row.shard_row, own], flux)
    np.testing.assert_allclose(shard.wavelength(row.shard_row), wavelength, atol=2e-3)


def test_damaged_and_foreign_files_are_told_by_the_exit_code(
    simulated: tuple[str, Path, dict[str, int]], ledger: Database, ingest: Ingest, tmp_path: Path
) -> None:
    survey, out, _ = simulated
    files = tmp_path / "files"
    files.mkdir()
    paths = sorted(p for p in (out / "spectra").rglob("*") if p.is_file())[:3]
    whole = [p.read_bytes() for p in paths]
    for path, contents in zip(paths, whole, strict=True):
        (files / path.name).write_bytes(contents)
    (files / "cut.gz").write_bytes(gzip.compress(b"SIMPLE  =" + bytes(3000))[:-20])
    (files / "cut.fits").write_bytes(whole[0][: len(whole[0]) // 2])
    (files / "notes.txt").write_text("seeing was bad")
    (files / "none").touch()
    code, done = ingest(survey, files)
    assert code == Exit.NOT_ALL
    assert (done["n_files"], done["n_files_refused"], done["n_rejected"]) == (7, 4, 4)
    assert done["n_inserted"] == done["n_read"] - 4
    found = rows(ledger, "SELECT path, reason FROM ledger.rejected_row ORDER BY path")
    assert [path for path, _ in found] == ["cut.fits", "cut.gz", "none", "notes.txt"]
    assert all(reason for _, reason in found)


def test_another_surveys_files_are_refused(
    simulated: tuple[str, Path, dict[str, int]], ledger: Database, ingest: Ingest
) -> None:
    survey, out, _ = simulated
    other = "apogee" if survey != "apogee" else "lamost"
    code, done = ingest(other, out / "spectra")
    assert code == Exit.NOT_ALL
    assert done["n_files_refused"] == done["n_files"] == done["n_rejected"]
    assert rows(ledger, "SELECT count(*) FROM ledger.spectrum") == [(0,)]


@pytest.mark.real_data
@pytest.mark.parametrize(("survey", "folder"), [("lamost", "lamost/dr7_plate")])
def test_a_real_plate_goes_in_whole(
    survey: str, folder: str, ledger: Database, ingest: Ingest
) -> None:
    path = real_path(*folder.split("/"))
    code, done = ingest(survey, path)
    n_files = sum(p.is_file() for p in path.rglob("*"))
    assert (code, done["n_inserted"], done["n_rejected"]) == (Exit.DONE, n_files, 0)


def test_the_command_has_help() -> None:
    done = CliRunner().invoke(commands.spectra, ["--help"])
    assert "DIR|LIST|FILE..." in done.output
