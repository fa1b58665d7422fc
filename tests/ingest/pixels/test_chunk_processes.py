"""What the ledger holds after those who filled it were killed or interrupted."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from starledger.ingest.pixels.chunk_processes import ProcessLost
from starledger.ingest.pixels.spectra_run import ingest_spectra
from starledger.schema.database import Database
from starledger.schema.roles import Role
from tests.conftest import Server, address
from tests.ingest.pixels.content import content, shard_files
from tests.ingest.pixels.ingest_made_up import read_and_die
from tests.ingest.pixels.made_up import read_made_up, write_file

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).parents[3]
KILLS = int(os.environ.get("STARLEDGER_TEST_KILLS", "3"))
"""How often a run is killed; 20 is a good number before a release."""
FILES = 240


def begin(database: Database, root: Path, folder: Path, processes: int) -> subprocess.Popen[str]:
    """Start an ingest in a process group of its own, as a terminal does."""
    module = "tests.ingest.pixels.ingest_made_up"
    command = [sys.executable, "-m", module, address(database), str(root), str(folder)]
    return subprocess.Popen(
        [*command, str(processes)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(REPOSITORY), *sys.path])},
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def told(begun: subprocess.Popen[str]) -> str:
    """Wait for the next line that an ingest says."""
    assert begun.stdout is not None
    return begun.stdout.readline().strip()


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Make a release of many files, and the next one in which some changed, came or went bad."""
    folder = tmp_path_factory.mktemp("releases")
    for n in range(FILES):
        write_file(folder / "one" / f"{n:04}", {"external_id": str(n), "seed": n})
    shutil.copytree(folder / "one", folder / "two")
    for n in range(0, FILES, 2):
        sums = [{"external_id": f"sum of {n}", "parents": [str(n)], "kind": "coadd"}]
        one = {"external_id": str(n), "seed": n + 1, "n_pixels": 20 + n % 3}
        write_file(folder / "two" / f"{n:04}", one, *(sums if n % 4 else []))
    for n in range(0, FILES, 24):
        (folder / "two" / f"{n:04}").write_text("[")
        write_file(folder / "two" / f"{n:04}b", {"external_id": str(n + 1), "seed": 7})
        write_file(folder / "two" / f"{n:04}c", {"external_id": f"{n}c"})
    return folder / "one", folder / "two"


def ingest(database: Database, root: Path, folder: Path, **options: Any) -> None:
    ingest_spectra(
        database, root, "lamost", "dr5", [folder],
        **({"read": read_made_up, "size": lambda _: 10} | options),
    )  # fmt: skip


class Prepared:
    """A ledger after the first release, to be copied, and what the second one makes of it."""

    def __init__(self, server: Server, template: Database, folder: Path) -> None:
        self.server, self.root = server, folder / "shards"
        self.template = template.urls[Role.OWNER].database
        self.expected: dict[str, Any] = {}
        self.files: dict[str, str] = {}
        self.moments: list[float] = []


@pytest.fixture(scope="module")
def prepared(
    server: Server,
    upgraded: str,
    releases: tuple[Path, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Prepared]:
    folder = tmp_path_factory.mktemp("prepared")
    with server.database(upgraded) as database:
        made = Prepared(server, database, folder)
        ingest(database, made.root, releases[0])
        database.close()
        assert made.template is not None
        with server.database(made.template) as undisturbed:
            root = folder / "undisturbed"
            shutil.copytree(made.root, root)
            with begin(undisturbed, root, releases[1], 2) as begun:
                while told(begun):
                    made.moments.append(time.perf_counter())
            made.expected, made.files = content(undisturbed), shard_files(root)
        assert len(made.expected["rejected"]) == 2 * FILES // 24
        assert sum(row[0]["version"] == 2 for row in made.expected["spectrum"]) > FILES / 3
        yield made


@pytest.mark.parametrize("number", range(KILLS))
def test_killed_at_any_moment_it_ends_as_if_nothing_had_been(
    number: int, prepared: Prepared, releases: tuple[Path, Path], tmp_path: Path
) -> None:
    root = tmp_path / "shards"
    shutil.copytree(prepared.root, root)
    # At any moment after any line that the ingest says: begun, entered, entered, … done.
    chance = random.Random()  # noqa: S311 - nothing is secret
    lines = chance.randrange(1, len(prepared.moments))
    between = prepared.moments[lines] - prepared.moments[lines - 1]
    seconds = chance.uniform(0, between)
    assert prepared.template is not None
    with prepared.server.database(prepared.template) as database:
        with begin(database, root, releases[1], 2) as begun:
            for _ in range(lines):
                assert told(begun)
            helpers = psutil.Process(begun.pid).children(recursive=True)
            try:
                begun.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                begun.kill()
                begun.wait()
        _, alive = psutil.wait_procs(helpers, timeout=30)
        assert not alive, "processes outlive the one that started them"
        # The blow may fall between the end of the run and that of the program.
        if content(database)["run"] != prepared.expected["run"]:
            ingest(database, root, releases[1])
        assert content(database) == prepared.expected, f"{seconds:.4f} s after line {lines}"
    assert shard_files(root) == prepared.files


@pytest.mark.parametrize("processes", [1, 2])
def test_an_interrupt_leaves_a_run_that_is_gone_on_with(
    processes: int, ledger: Database, tmp_path: Path
) -> None:
    files, root, pipe = tmp_path / "files", tmp_path / "shards", tmp_path / "pipe"
    os.mkfifo(pipe)
    for n in range(30):
        write_file(files / f"{n:04}", {"external_id": str(n), "seed": n})
    (files / "wait").write_text(str(pipe))
    with begin(ledger, root, files, processes) as begun:
        assert told(begun) == "begun: 31"
        with pipe.open("w"):  # opened as soon as the file is being read
            os.killpg(begun.pid, signal.SIGINT)
            if processes == 1:
                assert begun.wait(timeout=60) == 130
        assert begun.wait(timeout=60) == 130, begun.communicate()[1]
        _, said = begun.communicate()
        assert "Traceback" not in said
    rows = content(ledger)
    assert rows["run"] == [(1, None, None)]
    pipe.unlink()
    pipe.touch()
    with begin(ledger, root, files, processes) as begun:
        assert told(begun) == f"begun: {31 - len(rows['file'])}"
        assert begun.communicate(timeout=60)[0].endswith("done: 31\n")


def test_two_programs_at_once_are_kept_apart(ledger: Database, tmp_path: Path) -> None:
    files, root, pipe = tmp_path / "files", tmp_path / "shards", tmp_path / "pipe"
    os.mkfifo(pipe)
    write_file(files / "a", {"external_id": "1"})
    (files / "wait").write_text(str(pipe))
    with begin(ledger, root, files, 1) as one:
        with pipe.open("w"), begin(ledger, root, files, 1) as other:
            _, said = other.communicate(timeout=60)
            assert "Another process is ingesting lamost/dr5/v1:spectra." in said
        assert one.communicate(timeout=60)[0] == "begun: 2\nentered: 2\ndone: 2\n"


def test_a_lost_process_tells_how_to_go_on(
    ledger: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(REPOSITORY)
    for n in range(10):
        write_file(tmp_path / "files" / f"{n:02}.json", {"external_id": str(n), "seed": n})
    folder, root = tmp_path / "files", tmp_path / "shards"
    with pytest.raises(ProcessLost, match=r"again to go on, with fewer --processes"):
        ingest(ledger, root, folder, read=read_and_die, processes=2, size=lambda _: 2)
    assert content(ledger)["run"] == [(1, None, None)]
    ingest(ledger, root, folder, size=lambda _: 2)
    rows = content(ledger)
    assert [row[:2] for row in rows["run"]] == [(1, "done")]
    assert len(rows["spectrum"]) == len(rows["file"]) == 10
    assert set(shard_files(root)) == {row[0]["path"] for row in rows["shard"]}
