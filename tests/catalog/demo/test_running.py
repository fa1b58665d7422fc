"""The demonstration itself, at its small size, undisturbed and killed."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from starledger.catalog.demo.journal import Journal
from starledger.catalog.demo.running import clear
from starledger.catalog.demo.stages import CANNON, LABELS, PAYNE, RELEASE
from tests.catalog.demo.killing import FOLDER, begin, kill_everything
from tests.newcomer import environment, typed
from tests.test_docs import HOUSE, agrees, console_examples

pytestmark = pytest.mark.science

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
KILLS = int(os.environ.get("STARLEDGER_TEST_KILLS", "2"))
"""How often the demonstration is killed before it may end; 10 is a good number."""


@dataclass(frozen=True)
class Undisturbed:
    """A demonstration that nobody disturbed.

    Parameters
    ----------
    home
        The home folder.
    said
        What it answered.
    told
        What it said meanwhile.
    """

    home: Path
    said: dict[str, Any]
    told: list[str]

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.home / FOLDER


@contextmanager
def new_home() -> Iterator[Path]:
    """Make a home that also the server's user can enter, when we are root."""
    with tempfile.TemporaryDirectory(prefix="starledger-demo-", dir="/tmp") as home:
        Path(home).chmod(0o755)
        try:
            yield Path(home)
        finally:
            clear(Path(home) / FOLDER)


@pytest.fixture(scope="module")
def undisturbed() -> Iterator[Undisturbed]:
    with new_home() as home:
        yield _gone_through(home)


def _gone_through(home: Path) -> Undisturbed:
    with begin(home) as begun:
        said, told = begun.communicate()
    assert begun.returncode == 0, told
    return Undisturbed(home, json.loads(said), told.splitlines())


def test_labels_are_recovered(undisturbed: Undisturbed) -> None:
    """As far as a small training set goes; docs/performance.md tells what a larger one does."""
    tables = {table["title"].split(",")[0]: table["rows"] for table in undisturbed.said["tables"]}
    assert list(tables)[:2] == [f"Visits by {PAYNE}", f"Visits by {CANNON}"]
    stars = {row["label"]: row for row in tables["Stars: recommended labels"]}
    assert list(stars) == list(LABELS)
    assert abs(stars["teff"]["bias"]) < 25
    assert abs(stars["logg"]["bias"]) < 0.05
    for label in ("fe_h", "mg_fe", "ca_fe"):
        assert abs(stars[label]["bias"]) < 0.03
    for row in stars.values():
        assert row["count"] > 500
        assert 0.7 < row["pull"] < 1.3


def test_its_report_and_files_are_there(undisturbed: Undisturbed) -> None:
    report = undisturbed.folder / "report"
    page = (report / "report.html").read_text("utf-8")
    pictures = sorted(one.name for one in report.glob("*.png"))
    assert {"kiel.png", "plane_mg_fe.png", "truth_teff.png"} <= set(pictures)
    assert all(f'src="{name}"' in page for name in pictures)
    for title in undisturbed.said["answers"]:
        assert title in page
    for form in ("fits", "parquet"):
        assert len(list((undisturbed.folder / "export" / form).glob(f"*.{form}"))) > 3


@pytest.mark.parametrize("page", ["README.md", "docs/getting-started.md"])
def test_pages_show_what_it_answers(undisturbed: Undisturbed, page: str) -> None:
    """Their fences of ``console demo`` are commands on the ledger of the demonstration."""
    examples = list(console_examples((HOUSE / page).read_text("utf-8"), "console demo"))
    assert examples
    for example in examples:
        done = typed(example.command, undisturbed.home)
        assert nearly(example.answer, done.stdout), f"$ {example.command}\n{done.stdout}"
        assert done.returncode == 0, example.command


def nearly(promised: str, said: str) -> bool:
    """Tell whether an answer is the promised one, but for numbers that processors differ in."""
    near = promised
    if "..." not in promised and len(found := NUMBER.findall(said)) == len(
        NUMBER.findall(promised)
    ):
        numbers = iter(found)

        def as_found(match: re.Match[str]) -> str:
            ours, theirs = float(match[0]), next(numbers)
            close = abs(ours - float(theirs)) <= max(0.03, 0.15 * abs(ours))
            return theirs if close else match[0]

        near = NUMBER.sub(as_found, promised)
    return agrees(near, said)


def test_again_it_is_done(undisturbed: Undisturbed) -> None:
    with begin(undisturbed.home) as begun:
        said, told = begun.communicate()
    assert told.count("done before") == told.count("[")
    assert json.loads(said)["contents"] == undisturbed.said["contents"]


def test_killed_it_goes_on_to_the_very_same_release(undisturbed: Undisturbed) -> None:
    with new_home() as home:
        # The simulated files are the same bytes, as other tests show: they are not made again.
        Journal.opened(home / FOLDER / "journal.json", {"size": "small", "quality": "realistic"})
        shutil.copytree(undisturbed.folder / "survey", home / FOLDER / "survey")
        moments = [_killed(home, len(undisturbed.told)) for _ in range(KILLS)]
        with begin(home) as begun:
            said, told = begun.communicate()
        assert begun.returncode == 0, (moments, told)
        assert json.loads(said)["contents"] == undisturbed.said["contents"], moments
        verify = ["starledger", "--home", str(home / FOLDER), "release", "verify", RELEASE]
        subprocess.run(verify, env=environment(home), check=True)


def _killed(home: Path, n_lines: int) -> str:
    """Let it do a part of what is left, kill all of it, and tell when."""
    chance = random.Random()  # noqa: S311 - nothing is secret
    lines, pause = chance.randrange(1, n_lines // KILLS), chance.uniform(0.0, 3.0)
    with begin(home) as begun:
        assert begun.stderr is not None
        new = (line.strip() for line in begun.stderr if "done before" not in line)
        last = [*itertools.islice(new, lines)]
        with contextlib.suppress(subprocess.TimeoutExpired):
            begun.wait(timeout=pause)
        kill_everything(begun, home)
    return f"{pause:.1f} s after {last[-1]!r}" if last else "when all was done"
