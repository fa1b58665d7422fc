from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from starledger.catalog import status as module
from starledger.catalog.status import Count, Status, status
from starledger.schema.database import Database
from starledger.schema.errors import SchemaMismatch
from starledger.schema.runs import close_run, open_run
from starledger.schema.tables import RunKind
from tests.conftest import Command, address
from tests.schema.many_models import ManyModels

pytestmark = pytest.mark.integration

HEAD = "0005"

ROWS_SPECTRA_AND_STARS = {
    "lamost/dr5/v1:main": (1, 7, 1),
    "apogee/dr14/v1:main": (2, 1, 1),
    "sdss/dr16/v1:main": (0, 1, 1),
    "galah/dr2/v1:main": (1, 0, 0),
    "galah/dr3/v2:main": (1, 0, 0),
    "gaia/dr2/v1:main": (1, 0, 0),
    "gaia/dr3/v1:main": (2, 0, 0),
}
FITS_AND_WORK = {
    "payne_lamost": (4, 0, 1, 0, 0, 0),
    "dd_payne_lamost": (2, 0, 0, 2, 0, 0),
    "cannon_apogee": (1, 0, 0, 0, 0, 0),
    "boss_net": (1, 0, 0, 0, 0, 0),
}


@pytest.fixture
def many(ledger: Database) -> ManyModels:
    with ledger.engine().begin() as connection:
        return ManyModels(connection)


def seen(ledger: Database) -> Status:
    with ledger.engine().connect() as connection:
        return status(connection)


def counts(found: Status) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the counts of data releases and of models, by name."""
    releases = {row.name: (row.rows, row.spectra, row.stars) for row in found.data_releases}
    models = {
        row.name: (row.good, row.flagged, row.failed, row.pending, row.leased, row.aside)
        for row in found.models
    }
    return releases, models


def numbers(counted: dict[str, tuple[Count, ...]]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(count.number for count in row) for name, row in counted.items()}


def test_an_empty_ledger(ledger: Database) -> None:
    assert seen(ledger) == Status(HEAD, [], [], [], [])


def test_small_counts_are_exact(ledger: Database, many: ManyModels) -> None:
    releases, models = counts(seen(ledger))
    assert numbers(releases) == ROWS_SPECTRA_AND_STARS
    assert numbers(models) == FITS_AND_WORK
    everything = [count for row in (*releases.values(), *models.values()) for count in row]
    assert not any(count.estimated for count in everything)


def test_counts_of_larger_tables_are_estimates(
    ledger: Database, many: ManyModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EXACT_UP_TO", 0)
    releases, models = counts(seen(ledger))
    # The sample is the whole of these small tables.
    assert numbers(releases) == ROWS_SPECTRA_AND_STARS
    assert numbers(models) == FITS_AND_WORK
    assert {name for name, row in releases.items() if row[1].estimated} == {
        "lamost/dr5/v1:main",
        "apogee/dr14/v1:main",
        "sdss/dr16/v1:main",
    }
    assert [count.estimated for count in models["dd_payne_lamost"]] == [True] * 4 + [False] * 2
    assert [count.estimated for count in models["boss_net"]] == [True] * 3 + [False] * 3


def test_a_sample_is_scaled_to_the_table(
    ledger: Database, many: ManyModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EXACT_UP_TO", 10)
    monkeypatch.setattr(module, "SAMPLED_PAGES", 40)
    with ledger.engine().begin() as connection:
        add_work(connection, many, 20_000)
    pending = counts(seen(ledger))[1]["dd_payne_lamost"][3]
    assert pending.estimated
    # Which pages are read is always the same.
    assert 10_000 < pending.number < 40_000


def add_work(connection: Connection, many: ManyModels, n: int) -> None:
    """Add work on spectra that need not exist."""
    connection.execute(
        text(
            "INSERT INTO ledger.work (model_id, fit_config_id, spectrum_id, fit_run_id, position)"
            " SELECT :model, :config, 1000000 + n, :run, n FROM generate_series(1, :n) n"
        ),
        {
            "model": many.ids["dd_payne_lamost"],
            "config": many.ids["config"],
            "run": many.runs["fit_open"],
            "n": n,
        },
    )


def test_a_replaced_version_is_not_counted(ledger: Database, many: ManyModels) -> None:
    with ledger.engine().connect() as connection:
        total = connection.scalar(
            text(
                "SELECT count(*) FROM ledger.spectrum JOIN ledger.data_release USING"
                " (data_release_id) JOIN ledger.survey USING (survey_id)"
                " WHERE survey.name = 'lamost'"
            )
        )
    assert total == 8
    assert counts(seen(ledger))[0]["lamost/dr5/v1:main"][1].number == 7


@pytest.mark.parametrize(("outcome", "stars"), [("done", 2), ("failed", 1)])
def test_stars_are_those_of_the_last_star_run_that_ended_well(
    outcome: str, stars: int, ledger: Database, many: ManyModels
) -> None:
    with ledger.engine().begin() as connection:
        many.connection = connection
        previous = connection.scalar(text("SELECT max(run_id) FROM ledger.star_run"))
        run = many.open("split", RunKind.STAR, linking_radius=3.0, previous_run_id=previous)
        many.member("visit_other", "twin", run)
    assert counts(seen(ledger))[0]["lamost/dr5/v1:main"][2].number == 1
    with ledger.engine().begin() as connection:
        close_run(connection, run, outcome)
    assert counts(seen(ledger))[0]["lamost/dr5/v1:main"][2].number == stars


def test_work_by_its_state(ledger: Database, many: ManyModels) -> None:
    with ledger.engine().begin() as connection:
        connection.execute(
            text(
                "UPDATE ledger.work SET state = 'aside', last_error = 'lost', attempts = 3"
                " WHERE spectrum_id = :spectrum"
            ),
            {"spectrum": many.ids["visit_3"]},
        )
        connection.execute(
            text(
                "WITH taken AS ("
                "DELETE FROM ledger.work WHERE state = 'pending' RETURNING spectrum_id, position)"
                " INSERT INTO ledger.lease (lease_id, fit_run_id, worker, expires_at, attempts,"
                " spectrum_ids, positions, last_errors)"
                " SELECT 1, :run, 'w', now(), 0, array_agg(spectrum_id), array_agg(position),"
                " array_agg(NULL::text) FROM taken"
            ),
            {"run": many.runs["fit_open"]},
        )
    assert numbers(counts(seen(ledger))[1])["dd_payne_lamost"] == (2, 0, 0, 0, 1, 1)


def test_what_was_taken_back_says_so(ledger: Database, many: ManyModels) -> None:
    found = seen(ledger)
    assert [model.name for model in found.models if model.withdrawn] == ["cannon_apogee"]
    assert [release.name for release in found.releases] == ["dr1"]
    assert found.releases[0].published_at is not None
    assert not found.releases[0].withdrawn


def test_the_last_runs_come_first_and_open_ones_say_so(ledger: Database) -> None:
    with ledger.engine().begin() as connection:
        for _ in range(module.LAST_RUNS + 1):
            open_run(connection, RunKind.WITHDRAWAL)
    runs = seen(ledger).runs
    assert len(runs) == module.LAST_RUNS
    assert [run.run for run in runs] == sorted((run.run for run in runs), reverse=True)
    assert (runs[0].kind, runs[0].outcome, runs[0].closed_at) == ("withdrawal", "open", None)


def test_more_content_takes_no_more_statements(ledger: Database, many: ManyModels) -> None:
    said: list[str] = []
    event.listen(ledger.engine(), "before_cursor_execute", lambda *about: said.append(about[2]))
    seen(ledger)
    before = len(said)
    with ledger.engine().begin() as connection:
        connection.execute(
            text(
                "INSERT INTO ledger.data_release (survey_id, name)"
                " SELECT survey_id, 'dr' || n FROM ledger.survey, generate_series(30, 40) n"
            )
        )
    said.clear()
    assert len(seen(ledger).data_releases) > 50
    assert len(said) == before


def test_a_database_without_tables_is_refused(empty_database: Database) -> None:
    with pytest.raises(SchemaMismatch, match="starledger db upgrade"):
        seen(empty_database)


def test_the_command_says_about_where_it_estimates(
    ledger: Database, many: ManyModels, starledger: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EXACT_UP_TO", 1)
    answer = starledger("--database", address(ledger), "status")
    assert answer.code == 0
    assert answer.err == ""
    lamost, apogee = (
        next(line.split() for line in answer.out.splitlines() if f"  {name} " in line)
        for name in ("lamost/dr5/v1:main", "apogee/dr14/v1:main")
    )
    assert lamost == ["lamost/dr5/v1:main", "no", "1", "about", "7", "about", "1"]
    assert apogee == ["apogee/dr14/v1:main", "no", "2", "1", "1"]


def test_the_command_in_json(ledger: Database, many: ManyModels, starledger: Command) -> None:
    answer = starledger("--database", address(ledger), "status", "--json")
    found = json.loads(answer.out)
    assert found["revision"] == HEAD
    assert found["data_releases"][0] == {
        "name": "lamost/dr5/v1:main",
        "withdrawn": False,
        "rows": {"number": 1, "estimated": False},
        "spectra": {"number": 7, "estimated": False},
        "stars": {"number": 1, "estimated": False},
    }
    assert found["runs"][0].keys() == {
        "run",
        "kind",
        "opened_at",
        "closed_at",
        "outcome",
        "message",
    }


def test_the_command_on_an_empty_ledger(ledger: Database, starledger: Command) -> None:
    answer = starledger("--database", address(ledger), "status")
    assert "Models: none yet" in answer.out


def test_the_command_on_no_ledger(empty_database: Database, starledger: Command) -> None:
    answer = starledger("--database", address(empty_database), "status")
    assert answer.code == 2
    assert answer.out == ""
    assert len(answer.err.splitlines()) == 1
    assert "starledger db upgrade" in answer.err
