from __future__ import annotations

import json
from pathlib import Path

import pytest
from astropy.io import fits

from tests.conftest import Command


def test_simulate_tells_what_it_wrote(tmp_path: Path, starledger: Command) -> None:
    given = ("gaia", "--stars", "20", "--seed", "3", "--out", tmp_path / "sky")
    answer = json.loads(starledger("simulate", *given, "--json").out)
    assert (answer["survey"], answer["stars"], answer["quality"]) == ("gaia", 20, "realistic")
    assert answer["counts"]["gaia_dr3_source_rows"] == 20
    assert (tmp_path / "sky" / "truth" / "stars.fits").exists()


def test_shares_change_the_sky(tmp_path: Path, starledger: Command) -> None:
    sky, catalogs = tmp_path / "sky", ("--catalogs-only", "--visits", "0,0,1", "--binaries", "0")
    given = ("lamost", "--stars", "100", "--pairs", "0.4", "--clusters", "0.2", "--out", sky)
    assert starledger("simulate", *given, *catalogs).code == 0
    stars = fits.getdata(sky / "truth" / "stars.fits", 1)
    assert (stars["cluster"] >= 0).sum() > 10
    assert (stars["wide_partner"] >= 0).sum() == 40
    assert not stars["companion_exists"].any()
    assert (fits.getdata(sky / "truth" / "visits.fits", 1)["visits_of_star"] > 1).any()
    assert not (sky / "spectra").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["hubble"],
        ["lamost", "--stars", "0"],
        ["lamost", "--visits", "0.5,some"],
        ["lamost", "--visits", "0.5,0.1"],
        ["lamost", "--visits", "1.5,-0.5"],
    ],
)
def test_nonsense_is_refused_in_one_line(
    arguments: list[str], tmp_path: Path, starledger: Command
) -> None:
    answer = starledger("simulate", *arguments, "--out", tmp_path / "sky")
    assert answer.code == 2
    assert answer.err.splitlines()[-1].startswith("Error: ")
    assert not (tmp_path / "sky").exists()
