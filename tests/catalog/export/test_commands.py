"""`starledger export` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from starledger.schema.database import Database
from tests.conftest import Command, address

pytestmark = pytest.mark.integration


def test_a_release_becomes_files(released: Database, starledger: Command, tmp_path: Path) -> None:
    export = ("--database", address(released), "export")
    out = tmp_path / "all"
    done = starledger(*export, "dr1", "--format", "parquet", "--out", out, "--json")
    assert done.code == 0, done.err
    files = json.loads(done.out)
    assert {one["view"] for one in files} > {"star", "fit"}
    assert all(Path(one["file"]).stat().st_size == one["bytes"] for one in files)

    held = starledger("export", "verify", out)
    assert held.code == 0, held.err
    Path(files[0]["file"]).write_bytes(b"")
    broken = starledger("export", "verify", out, "--json")
    assert broken.code == 1
    assert sum(one["problem"] is not None for one in json.loads(broken.out)) == 1


def test_one_view_becomes_one_file(
    released: Database, starledger: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    export = ("--database", address(released), "export", "--view", "star")
    assert starledger(*export, "dr1", "--columns", "star_id, teff").code == 0
    assert {one.name for one in tmp_path.iterdir()} == {
        "dr1.star.fits", "dr1.star.fits.manifest.json",
    }  # fmt: skip
    assert starledger("export", "verify", "dr1.star.fits").code == 0


def test_says_what_is_wrong(released: Database, starledger: Command) -> None:
    export = ("--database", address(released), "export")
    assert "no release 'dr9'" in starledger(*export, "dr9").err
    nowhere = starledger(*export, "dr1", "--view", "stars")
    assert nowhere.code == 2
    assert "no view 'stars'" in nowhere.err
    bad = starledger(*export, "dr1", "--view", "star", "--where", "pg_sleep(1) > 0")
    assert bad.code == 2
    assert "pg_sleep" in bad.err.lower()
    assert starledger("export", "verify", "/nowhere").code == 2
    assert "RELEASE" in starledger("export", "--help").out
