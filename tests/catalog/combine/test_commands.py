from __future__ import annotations

import json
from typing import Any

import pytest

from starledger.schema.database import Database
from tests.catalog.combine.sky import MODEL, Sky
from tests.conftest import Command, address

pytestmark = pytest.mark.integration


@pytest.fixture
def run(ledger: Database, starledger: Command) -> Any:
    with ledger.engine().begin() as connection:
        sky = Sky(connection)
        sky.observe({"a": ["a1", "a2"], "b": ["b1"]})
        sky.fit_all(["a1", "a2", "b1"])
    return lambda *words: starledger("--database", address(ledger), *words)


def test_combine_list_and_show(run: Any) -> None:
    planned = json.loads(run("combine", MODEL, "--dry-run", "--json").out)
    assert (planned["n_stars"], planned["n_visits"]) == (2, 3)
    done = run("combine", MODEL, "--json")
    assert done.code == 0
    summary = json.loads(done.out)
    assert (summary["n_stars"], summary["n_visits"], summary["previous_run_id"]) == (2, 3, None)
    again = json.loads(run("combine", MODEL, "--json").out)
    assert (again["previous_run_id"], again["n_reused"]) == (summary["run"], 2)
    listed = json.loads(run("combination", "list", "--json").out)
    assert [one["run"] for one in listed] == [summary["run"], again["run"]]
    assert listed[0]["outcome"] == "done"
    shown = json.loads(run("combination", "show", str(summary["run"]), "--json").out)
    assert shown["settings"]["outliers"]["sigmas"] == 5.0
    assert shown["fit_runs"] == summary["fit_run_ids"]
    assert MODEL in run("combination", "list").out
    assert "inverse-variance" in run("combination", "show", str(summary["run"])).out


def test_options_reach_the_settings(run: Any) -> None:
    options = (
        "--estimator", "snr", "--outliers", "none", "--min-snr", "10", "--quality", "none",
        "--rv-floor", "2", "--kind", "visit", "--arm", "full", "--full",
    )  # fmt: skip
    summary = json.loads(run("combine", MODEL, *options, "--json").out)
    shown = json.loads(run("combination", "show", str(summary["run"]), "--json").out)
    settings = shown["settings"]
    assert (settings["estimator"], settings["outliers"]) == ("snr", None)
    assert (settings["min_snr"], settings["rv_floor"]) == (10.0, 2.0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("combine", "nobody"), "None of the models is 'nobody'"),
        (("combine", MODEL, "--quality", "1"), "Run 1 is no quality run"),
        (("combine", MODEL, "--quality", "some"), "is no number"),
        (("combine", MODEL, "--outliers", "-1"), "outlier_sigmas is -1.0"),
        (("combination", "show", "1"), "Run 1 is no combination run"),
    ],
)
def test_what_cannot_be_done_is_said(run: Any, words: tuple[str, ...], said: str) -> None:
    answer = run(*words)
    assert answer.code == 2
    assert said in answer.err
