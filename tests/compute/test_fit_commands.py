"""`starledger fit` as users run it: real shards, real Dask workers, a real database."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from starledger.schema.database import Database, open_database
from starledger.schema.migrate import upgrade
from starledger.schema.settings import Settings
from tests.compute.work.drill.cast import free_port, until
from tests.compute.work.made_up import Truth, make_survey
from tests.conftest import Command

VISITS = 700


@pytest.fixture
def survey(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Database, Truth]]:
    """Return a ledger of the user's own with made-up visits and their model."""
    monkeypatch.setenv("STARLEDGER_DASHBOARD_PORT", "0")
    home.mkdir(mode=0o755)
    with open_database(Settings(home=home)) as database:
        upgrade(database.engine())
        _, truth = make_survey(database, home, VISITS)
        yield database, truth


FIT = ("fit", "small", "--rv-range", "100", "--threads", "1", "--device", "cpu")


@pytest.mark.slow
def test_a_run_from_shards_to_labels(survey: tuple[Database, Truth], starledger: Command) -> None:
    database, truth = survey
    dry = json.loads(starledger(*FIT, "--dry-run", "--json").out)
    assert dry == {"selected": VISITS, "fitted": 0, "waiting": 0, "planned": VISITS}
    answer = starledger(*FIT, "--workers", "2", "--json", "--where", "snr > 50")
    assert "700 visits selected" in answer.err
    assert "dashboard" in answer.err
    (run,) = json.loads(answer.out)
    assert run["good"] + run["flagged"] == VISITS
    with database.engine().connect() as connection:
        rows = connection.execute(
            text(
                "SELECT labels, errors, rv, err_rv, outcome, n_pixels FROM ledger.fit"
                " ORDER BY spectrum_id"
            )
        ).all()
        closed = "SELECT outcome FROM ledger.closed_run WHERE run_id = :run"
        assert connection.execute(text(closed), {"run": run["run"]}).scalar_one() == "done"
    good = np.array([row.outcome == "good" for row in rows])
    assert good.mean() > 0.9
    labels, errors = (np.array([row[i] for row in rows], float)[good] for i in (0, 1))
    pulls = (labels - truth.labels[good]) / errors
    assert 0.8 < _spread(pulls) < 1.3
    assert np.abs(np.median(pulls, axis=0)).max() < 0.15
    rv, err_rv = (np.array([row[i] for row in rows], float)[good] for i in (2, 3))
    assert 0.8 < _spread((rv - truth.rv[good]) / err_rv) < 1.3
    again = starledger(*FIT, "--json", "--where", "snr > 50")
    assert "700 fitted already" in again.err
    assert json.loads(again.out) == []
    status = json.loads(starledger("fit", "status", "--json").out)
    assert status[0]["good"] + status[0]["flagged"] == VISITS
    assert sum(worker["fitted"] for worker in status[0]["workers"]) == VISITS
    explained = starledger("fit", "explain", "visit_17").out
    assert "small" in explained
    assert "worker" in explained


def _spread(pulls: np.ndarray) -> float:
    """Return half of what two thirds lie in: few stars end in another minimum."""
    low, high = np.percentile(pulls, [15.87, 84.13])
    return float(high - low) / 2


@pytest.mark.slow
def test_an_interrupted_run_goes_on(survey: tuple[Database, Truth], starledger: Command) -> None:
    database, _ = survey
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "starledger",
        *FIT,
        "--workers",
        "1",
        "--prometheus",
        str(port),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:

        def begun() -> bool:
            assert process.poll() is None
            with database.engine().connect() as connection:
                return bool(connection.execute(text("SELECT count(*) FROM ledger.lease")).scalar())

        until(begun, "a visit is claimed")
        os.kill(process.pid, signal.SIGINT)
        assert process.stderr is not None
        said = process.stderr.read()
        code = process.wait()
    with database.engine().connect() as connection:
        count = "SELECT count(*) FROM ledger.{}"
        fitted, left, leases = (
            connection.execute(text(count.format(table))).scalar_one()
            for table in ("fit", "work", "lease")
        )
    assert (fitted + left, leases) == (VISITS, 0)
    assert "Finishing the batches under way" in said
    if left:
        assert code == 130
        assert "Run the same command again to go on" in said
    again = json.loads(starledger(*FIT, "--workers", "1", "--json").out or "[]")
    # On a quick machine all may be fitted before the interruption is heard.
    assert len(again) == (1 if left else 0)
    with database.engine().connect() as connection:
        found = connection.scalar(text("SELECT count(*) FROM ledger.fit WHERE outcome <> 'failed'"))
    assert found == VISITS


@pytest.mark.slow
def test_what_was_set_aside_says_why_and_can_be_tried_again(
    survey: tuple[Database, Truth], starledger: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STARLEDGER_RETRY_SECONDS", "0")
    shard = min((home / "shards").rglob("*.safetensors"))
    away = shard.with_suffix(".away")
    shard.rename(away)
    answer = starledger(*FIT, "--workers", "1", "--json")
    assert answer.code == 1
    (run,) = json.loads(answer.out)
    assert run["aside"] in (512, VISITS - 512)
    assert run["good"] + run["flagged"] + run["aside"] == VISITS
    assert "starledger fit aside small" in answer.err
    listed = json.loads(starledger("fit", "aside", "small", "--limit", "3", "--json").out)
    assert len(listed) == 3
    assert f"The shard {shard} cannot be read" in listed[0]["error"]
    away.rename(shard)
    retried = json.loads(starledger("fit", "retry", "small", "--json").out)
    assert retried == {"waiting_again": run["aside"]}
    (now,) = json.loads(starledger(*FIT, "--workers", "1", "--json").out)
    assert now["good"] + now["flagged"] == VISITS


BAD = (
    (("fit", "nobody"), "None of the models is 'nobody'"),
    (("fit", "small", "--where", "colour = 1"), "The condition 'colour = 1' cannot be used"),
    (("fit", "small", "--release", "dr9"), "There is no data release 'dr9'"),
    (("fit", "small", "--continuum", "spline"), "'spline' is no continuum"),
    (("fit", "small", "--workers", "some"), "'some' is no number of workers"),
    (("fit", "small", "--scheduler", "tcp://127.0.0.1:1"), "No Dask scheduler answers"),
    (("fit", "explain", "visit_x"), "The ledger knows no visit 'visit_x'"),
    (("worker",), "No scheduler is named"),
    (("worker", "--scheduler", "tcp://127.0.0.1:1"), "serves one machine only"),
)


@pytest.mark.slow
def test_what_cannot_be_done_is_said(survey: tuple[Database, Truth], starledger: Command) -> None:
    for arguments, said in BAD:
        answer = starledger(*arguments)
        assert (answer.code, said in answer.err) == (2, True), answer
