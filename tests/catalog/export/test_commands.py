"""`starledger export`: what it writes and says, and what is left when it is killed."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from starledger.catalog.export.arriving import ENDING
from starledger.catalog.export.exporting import export, plan
from starledger.catalog.export.formats import Format
from starledger.catalog.export.manifest import verify
from starledger.catalog.releases.publishing import publish
from starledger.schema.database import Database
from tests.catalog.releases.growing import Growing
from tests.conftest import Command, Server, address

pytestmark = pytest.mark.integration

ROWS = 40_000
KILLS = 4


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


@pytest.fixture(scope="module")
def many(server: Server, upgraded: str) -> Iterator[Database]:
    """Return a ledger with a release that takes a while to be written."""
    with server.database(upgraded) as database:
        with database.engine().begin() as connection:
            draft = Growing(connection).draft()
        publish(database.engine(), draft, materialise=True)
        with database.engine().begin() as connection:
            columns = connection.execute(
                text(
                    "SELECT attname FROM pg_attribute WHERE attrelid = 'dr1_data.star'::regclass"
                    " AND attnum > 0 AND attname <> 'star_id' ORDER BY attnum"
                )
            ).scalars()
            names = ", ".join(columns)
            # Nobody may do this to a release; a test needs one that is large.
            connection.execute(text("ALTER TABLE dr1_data.star DISABLE TRIGGER USER"))
            connection.execute(
                text(
                    f"INSERT INTO dr1_data.star (star_id, {names})"
                    f" SELECT g + 1000, {names} FROM dr1_data.star, generate_series(1, {ROWS}) g"
                )
            )
        yield database


@pytest.mark.parametrize("format_", [Format.FITS, Format.PARQUET])
def test_killed_at_random(many: Database, format_: Format, tmp_path: Path) -> None:
    new = tmp_path / f"new{format_.ending}"
    whole = export(many, plan(many, "dr1", views=["star"], out=new))[0].written
    folder = tmp_path / "killed"
    folder.mkdir()
    path = folder / f"stars{format_.ending}"
    command = [
        *(sys.executable, "-m", "starledger", "--database", address(many)),
        *("export", "dr1", "--view", "star", "--out", str(path)),
    ]
    drawn = random.Random(11)  # noqa: S311 - nothing secret
    path.write_bytes(b"old")
    for _ in range(KILLS):
        size = drawn.randrange(whole.bytes)
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as one:
            while one.poll() is None and _arrived(path, whole.bytes) <= size:
                pass
            one.send_signal(signal.SIGKILL)
        assert path.read_bytes() in (b"old", new.read_bytes())
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == new.read_bytes()
    assert {one.problem for one in verify(path)} == {None}
    assert {one.suffix for one in folder.iterdir()} == {format_.ending, ".json"}


def _arrived(path: Path, whole: int) -> int:
    """Return how many bytes of a file that is not whole yet have come, wherever they are."""
    sizes = [0]
    for one in (path, *path.parent.glob(f".*{ENDING}")):
        try:
            size = one.stat().st_size
        except FileNotFoundError:
            continue
        sizes.append(0 if one == path and size == whole else size)
    return max(sizes)
