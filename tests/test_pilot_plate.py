"""A plate of LAMOST's pilot survey goes the way of docs/how-to/your-own-survey.md, to a release.

All that the page tells a reader to type is typed, and answers as the page says.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import Table
from numpy.typing import NDArray
from sqlalchemy import text

from starledger.__main__ import main
from starledger.schema.database import Database
from tests.conftest import Server, address
from tests.real_data import real_path
from tests.test_docs import HOUSE, Example, agrees, console_examples

pytestmark = [pytest.mark.real_data, pytest.mark.integration]

PAGE = (HOUSE / "docs" / "how-to" / "your-own-survey.md").read_text("utf-8")
LASP = {"teff": "teff", "logg": "logg", "fe_h": "feh"}
"""Labels, and what the table calls them."""


@dataclass(frozen=True)
class Walked:
    """What became of each command, and of the stars."""

    answers: Sequence[tuple[Example, str, int]]
    stars: Sequence[Mapping[str, Any]]
    lasp: Mapping[str, Mapping[str, str]]
    folder: Path

    def off(self, name: str, chosen: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
        """Return our labels, or velocities, less those of LASP."""
        theirs = [float(self.lasp[star["file"]][LASP.get(name, name)]) for star in chosen]
        ours = np.array([star[name] for star in chosen], np.float64)
        return ours - np.array(theirs, np.float64)


@pytest.fixture(scope="module")
def walked(
    server: Server, upgraded: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Walked]:
    """Type the commands of the page."""
    folder = tmp_path_factory.mktemp("plate")
    (folder / "plate").symlink_to(real_path("lamost", "pilot"))
    shutil.copy(real_path("lamost", "pilot_lasp_labels.csv"), folder / "labels.csv")
    described = re.search(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert described is not None
    (folder / "labels.yaml").write_text(described[1], "utf-8")
    with server.database(upgraded) as database, pytest.MonkeyPatch.context() as patch:
        patch.setenv("STARLEDGER_HOME", str(folder / "home"))
        patch.setenv("STARLEDGER_CONFIG", str(folder / "none.toml"))
        patch.setenv("STARLEDGER_DATABASE_URL", address(database))
        patch.chdir(folder)
        answers = [(one, *typed(one.command)) for one in console_examples(PAGE)]
        with (folder / "labels.csv").open(newline="") as file:
            lasp = {row["filename"]: row for row in csv.DictReader(file)}
        yield Walked(answers, released(database), lasp, folder)


def typed(command: str) -> tuple[str, int]:
    """Run a command in this process, and return what it said and its exit code."""
    program, *arguments = shlex.split(command.replace("\\\n", " "))
    assert program == "starledger"
    written = io.BytesIO()
    said = io.TextIOWrapper(written, "utf-8", write_through=True)
    with (
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
        pytest.raises(SystemExit) as ended,
    ):
        main(arguments)
    code = ended.value.code
    return written.getvalue().decode(), code if isinstance(code, int) else 0


def released(database: Database) -> list[Mapping[str, Any]]:
    """Return the stars of the release with their velocities, and what they were to the model."""
    query = text("""
        SELECT split_part(v.file_name, '/', -1) AS file, s.teff, s.logg, s.fe_h, f.rv,
            s.flag_bad AS bad, m.role
        FROM pilot_dr1.star s JOIN pilot_dr1.visit v USING (star_id)
        JOIN pilot_dr1.fit f USING (spectrum_id)
        LEFT JOIN ledger.training_member m USING (spectrum_id)
    """)
    with database.engine().connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def scatter(values: NDArray[np.float64]) -> float:
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def test_the_page_answers_as_shown(walked: Walked) -> None:
    assert len(walked.answers) > 12
    otherwise = [
        f"$ {example.command}\n{said}"
        for example, said, code in walked.answers
        if code or not agrees(example.answer, said)
    ]
    assert not otherwise, "\n".join(otherwise)


def test_every_spectrum_is_in_the_release(walked: Walked) -> None:
    names = {path.name for path in (walked.folder / "plate").glob("*.fits")}
    assert {star["file"] for star in walked.stars} == names
    assert len(walked.stars) == len(names) == 176


def test_labels_of_held_out_stars_are_lasps(walked: Walked) -> None:
    """Fitted as all others, with their velocities free."""
    chosen = [star for star in walked.stars if star["role"] == "test" and not star["bad"]]
    assert len(chosen) >= 20
    found = {}
    for name, bias, width in (
        ("teff", 120.0, 200.0), ("logg", 0.12, 0.25), ("fe_h", 0.1, 0.2), ("rv", 5.0, 8.0),
    ):  # fmt: skip
        off = walked.off(name, chosen)
        found[name] = (float(np.median(off)), scatter(off))
        assert abs(found[name][0]) < bias, found
        assert found[name][1] < width, found
    told = ", ".join(f"{name} {bias:.3g} ± {width:.3g}" for name, (bias, width) in found.items())
    print(f"{len(chosen)} held-out stars less LASP: {told}")  # noqa: T201


def test_hot_and_cool_stars_are_told_apart(walked: Walked) -> None:
    """A model that only gave the mean would have a small scatter as well."""
    chosen = [star for star in walked.stars if star["role"] == "test" and not star["bad"]]
    for name in ("teff", "logg", "fe_h"):
        theirs = np.array([float(walked.lasp[star["file"]][LASP[name]]) for star in chosen])
        assert scatter(walked.off(name, chosen)) < 0.8 * np.std(theirs)


def test_stars_like_none_that_taught_are_flagged(walked: Walked) -> None:
    """Most stars that LASP did not label are of type M."""
    unknown = [star["bad"] for star in walked.stars if star["file"] not in walked.lasp]
    known = [star["bad"] for star in walked.stars if star["role"] is not None]
    assert len(unknown) == 45
    assert np.mean(unknown) > 2 * np.mean(known)


def test_the_exported_file_holds_the_stars(walked: Walked) -> None:
    table = Table.read(walked.folder / "stars.fits", unit_parse_strict="silent")
    assert len(table) == 176
    assert str(table["teff"].unit) == "K"
    ours = sorted(star["teff"] for star in walked.stars if star["teff"] is not None)
    assert np.allclose(sorted(np.ma.compressed(np.ma.masked_invalid(table["teff"]))), ours)
