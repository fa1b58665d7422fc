"""`starledger plot` on the releases of a small ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from astropy.table import Table

from starledger.catalog.adql.errors import AdqlError
from starledger.catalog.plots.asking import Others, Sample, pairs_of, stars_of, visits_of
from starledger.catalog.query.asking import Asker
from starledger.compute.plots import NothingToDraw
from starledger.schema.database import Database
from tests.conftest import Answer, Command, address

pytestmark = pytest.mark.integration


@pytest.fixture
def asker(ledger_of_releases: Database) -> Iterator[Asker]:
    """Return whom to ask."""
    with Asker(ledger_of_releases) as asker:
        yield asker


@pytest.fixture
def plot(ledger_of_releases: Database, starledger: Command) -> Command:
    """Return the command `starledger plot`."""

    def run(*arguments: str | Path) -> Answer:
        return starledger("--database", address(ledger_of_releases), "plot", *arguments)

    return run


def test_stars_are_those_of_the_condition(asker: Asker) -> None:
    all_stars = stars_of(asker, Sample("dr1"), ("teff", "logg", "teff"))
    assert all_stars.colnames == ["teff", "logg"]
    assert (list(all_stars["teff"]), all_stars["teff"].unit) == ([5772.0], "K")
    with pytest.raises(AdqlError, match="tef"):
        stars_of(asker, Sample("dr1", "s.tef > 0"), ("teff",))
    assert len(stars_of(asker, Sample("dr1", "s.teff > 6000 OR s.teff < 0"), ("teff",))) == 0


def test_a_label_is_compared_with_itself_before_calibration(asker: Asker) -> None:
    (pair,) = pairs_of(asker, Sample("dr1"), "mg_fe", Others("raw"), ("snr", "mg_fe"))
    assert pair["mg_fe"] - pair["other_mg_fe"] == pytest.approx(0.0255, abs=1e-3)
    assert pair["err_other_mg_fe"] > 0


def test_a_label_is_compared_with_another_model(asker: Asker) -> None:
    (pair,) = pairs_of(asker, Sample("dr2"), "teff", Others("payne_lamost"))
    assert (pair["teff"], pair["other_teff"]) == (5800.0, 5772.0)


@pytest.mark.parametrize("with_errors", [False, True])
def test_a_label_is_compared_with_a_file(asker: Asker, tmp_path: Path, with_errors: bool) -> None:
    file = tmp_path / "others.ecsv"
    table = Table({"gaia_dr3_source_id": [222, 333], "teff": [5700.0, 4000.0]})
    if with_errors:
        table["err_teff"] = [50.0, 60.0]
    table.write(file)
    (pair,) = pairs_of(asker, Sample("dr1"), "teff", Others(str(file), is_file=True))
    assert (pair["teff"], pair["other_teff"]) == (5772.0, 5700.0)
    assert ("err_other_teff" in pair.colnames) == with_errors


def test_visits_stand_beside_the_next_of_their_star(asker: Asker) -> None:
    visits = visits_of(asker, Sample("dr1"), "teff", None)
    expected = {"snr", "teff", "err_teff", "crlb_teff", "other_teff", "err_other_teff"}
    assert expected == set(visits.colnames)
    assert len(visits) > 1
    assert (~visits["other_teff"].mask).sum() > 0
    with pytest.raises(NothingToDraw, match="payne_lamost"):
        visits_of(asker, Sample("dr1"), "teff", "cannon")


@pytest.mark.parametrize(
    "arguments",
    [
        ("kiel",),
        ("kiel", "--colour", "err_teff"),
        ("plane", "fe_h", "mg_fe"),
        ("one-to-one", "mg_fe", "--against", "raw"),
        ("residuals", "mg_fe", "--against", "raw", "--along", "teff,logg"),
        ("precision", "teff"),
    ],
)
def test_every_command_writes_a_picture(
    arguments: tuple[str, ...], plot: Command, tmp_path: Path
) -> None:
    target = tmp_path / "picture.png"
    answer = plot(*arguments, "--release", "dr1", "-o", target, "--json")
    assert answer.code == 0, answer.err
    assert json.loads(answer.out) == {"picture": str(target)}
    assert target.read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_drawn_is_told_in_one_line(plot: Command, tmp_path: Path) -> None:
    answer = plot("kiel", "--where", "s.teff < 0", "-o", tmp_path / "a.png")
    assert answer.code == 2
    assert "No row has teff and logg and fe_h" in answer.err
    answer = plot("kiel", "--colour", "c_fe", "--release", "dr1", "-o", tmp_path / "a.png")
    assert answer.code == 2
    assert "c_fe" in answer.err
