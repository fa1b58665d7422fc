"""`starledger calibrate` as users run it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet
import pytest
from sqlalchemy import text

from starledger.schema.database import Database
from tests.catalog.calibrate.sky import Sky
from tests.conftest import Command, address

pytestmark = pytest.mark.integration

Surveyed = tuple[Database, Sky]

CONE = "132.846,11.814,0.6,-10.99,-2.96,33.9"


@pytest.fixture
def run(surveyed: Surveyed, starledger: Command) -> Command:
    """Return the command line on the survey's ledger."""
    database, _ = surveyed
    return lambda *words: starledger("--database", address(database), "calibrate", *words)


def pairs_file(sky: Sky, folder: Path) -> Path:
    """Write a list of wide binaries."""
    target = folder / "pairs.csv"
    pairs = sky.star_id[sky.pairs()]
    rows = [f"{one},{other}" for one, other in pairs]
    target.write_text("\n".join(["star_id,partner_star_id", *rows]), encoding="utf-8")
    return target


def test_derive_show_list_diff_apply_and_plot(
    surveyed: Surveyed, run: Command, tmp_path: Path, home: Path
) -> None:
    _, sky = surveyed
    number = str(sky.runs["sky_combination"])
    given = ("--label", "mg_fe", "--combination", number, "--json")
    derive = ("derive", "binaries", "by_command", "--pairs", pairs_file(sky, tmp_path), *given)
    answer = run(*derive)
    assert answer.code == 0, answer.err
    first = json.loads(answer.out)
    assert (first["version"], first["unchanged"], first["form"]) == (1, False, "polynomial")
    assert first["validation"]["held_out"]["after"]["trend"] < 0.05
    again = run(*derive)
    assert json.loads(again.out)["unchanged"]
    assert "by_command:1 is unchanged." in again.err
    shown = json.loads(run("show", "by_command", "--json").out)
    assert (home / shown["figure"]).stat().st_size > 10_000
    assert any(step.startswith("mg_fe_after_1 = ") for step in shown["steps"])
    assert "As SQL, step by step:" in run("show", "by_command:1").out
    assert json.loads(run(*derive, "--seed", "9", "--degree", "2").out)["version"] == 2
    listed = json.loads(run("list", "--json").out)
    mine = [(one["version"], one["newest"]) for one in listed if one["name"] == "by_command"]
    assert mine == [(1, False), (2, True)]
    differ = run("diff", "by_command:1", "by_command:2", "--json")
    assert differ.code == 1
    assert json.loads(differ.out)["largest"] != 0
    assert "The largest difference" in run("diff", "by_command:1", "by_command:2").out
    same = run("diff", "by_command", "by_command:2", "--json")
    assert (same.code, json.loads(same.out)["columns"]) == (0, {})
    picture = tmp_path / "curve.svg"
    assert run("plot", "by_command", "--out", picture, "--json").code == 0
    assert "<svg" in picture.read_text()


def test_apply_tells_what_would_change_and_writes_nothing(
    surveyed: Surveyed, run: Command, tmp_path: Path
) -> None:
    database, sky = surveyed
    number = str(sky.runs["sky_combination"])
    zero = run("derive", "zero-point", "shift", "--catalog", "galah/dr4/v1", "--label", "mg_fe",
               "--combination", number, "--no-figure", "--json")  # fmt: skip
    shift = json.loads(zero.out)["coefficients"][0]
    count = text("SELECT count(*) FROM ledger.run")
    with database.engine().connect() as connection:
        before = connection.execute(count).scalar_one()
    table, lines = tmp_path / "after.parquet", tmp_path / "after.csv"
    for target in (table, lines):
        (change,) = json.loads(
            run("apply", "shift", "--combination", number, "--out", target, "--json").out
        )
        assert (change["label"], change["held"], change["lost"]) == ("mg_fe", 0, 0)
        assert change["stars"] == change["changed"] == len(sky.star_id)
        assert change["mean"] == pytest.approx(shift)
        assert change["least"] == pytest.approx(change["greatest"])
    with database.engine().connect() as connection:
        assert connection.execute(count).scalar_one() == before
    rows = pa_parquet.read_table(table)
    assert rows.column("star_id").to_pylist() == sky.star_id.tolist()
    moved = rows.column("mg_fe").to_numpy() - rows.column("raw_mg_fe").to_numpy()
    np.testing.assert_allclose(moved, shift)
    assert pa_csv.read_csv(lines).num_rows == len(sky.star_id)


def test_all_kinds_of_evidence_by_command(surveyed: Surveyed, run: Command, tmp_path: Path) -> None:
    _, sky = surveyed
    common = ("--combination", str(sky.runs["sky_combination"]), "--json", "--no-figure")
    galah = ("--catalog", "galah/dr4/v1")
    for words in (
        ("reference", "kind_reference", "--label", "teff", "--population", "giant", *galah),
        ("reference", "kind_of_three", "--label", "mg_fe", "--variable", "teff, logg,fe_h", *galah),
        ("cluster", "kind_cluster", "--label", "mg_fe", "--cone", CONE),
        ("zero-point", "kind_twins", "--label", "mg_fe", "--solar-twins"),
        ("errors", "kind_errors", "--label", "mg_fe", "--variables", "visit_snr"),
        ("binaries", "kind_binaries", "--label", "mg_fe", "--catalog", "gaia/pairs/v1", "--mcmc"),
    ):  # fmt: skip
        answer = run("derive", *words, *common)
        assert answer.code == 0, answer.err
        assert json.loads(answer.out)["members"] > 30
    three = json.loads(run("show", "kind_of_three", "--json").out)
    assert (three["form"], three["variables"]) == ("polynomial", ["teff", "logg", "fe_h"])
    assert len(three["coefficients"]) == 20
    errors = json.loads(run("show", "kind_errors", "--json").out)
    assert (errors["corrects"], errors["definition"]["least"]) == ("error", 0.1)


BAD = (
    (("show", "nobody"), "There is no calibration nobody"),
    (("show", "nobody:x"), "There is no calibration nobody:x"),
    (("apply", "nobody", "--combination", "1"), "combination run 1 does not exist"),
    (("derive", "cluster", "x", "--label", "mg_fe", "--combination", "1", "--cone", "1,2"),
     "--cone '1,2' is no cluster"),
    (("derive", "binaries", "x", "--label", "mg_fe", "--combination", "1", "--held-out", "2"),
     "--held-out is a share"),
)  # fmt: skip


@pytest.mark.parametrize(("words", "said"), BAD)
def test_what_cannot_be_done_is_said(run: Command, words: tuple[str, ...], said: str) -> None:
    answer = run(*words)
    assert (answer.code, said in answer.err) == (2, True), answer


def test_a_bad_list_of_stars_is_named(surveyed: Surveyed, run: Command, tmp_path: Path) -> None:
    _, sky = surveyed
    target = tmp_path / "pairs.csv"
    words = ("derive", "binaries", "x", "--label", "mg_fe", "--combination",
             str(sky.runs["sky_combination"]), "--pairs", target)  # fmt: skip
    target.write_text("star_id\n1\n")
    assert "has no column partner_star_id" in run(*words).err
    target.write_text("star_id,partner_star_id\n1,2\n3,b\n")
    assert "Line 3 of" in run(*words).err
