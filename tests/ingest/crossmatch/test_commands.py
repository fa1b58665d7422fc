from __future__ import annotations

import json

import pytest

from starledger import __main__ as face
from starledger.schema.database import Database
from tests.conftest import Command, address
from tests.ingest.many_rows import ManyRows

pytestmark = pytest.mark.integration


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, starledger: Command, ledger: Database) -> Command:
    where = "starledger.ingest.crossmatch.commands:crossmatch"
    monkeypatch.setitem(face.COMMANDS, "crossmatch", where)
    monkeypatch.setenv("STARLEDGER_DATABASE_URL", address(ledger))
    return starledger


def test_the_only_product_is_meant_where_none_is_named(command: Command, ledger: Database) -> None:
    rows = ManyRows(ledger.engine())
    rows.load("spectrum", "lamost/dr5:spectra", [10.0, 20.0], [0.0, 0.0])
    rows.load("gaia_source", "gaia/dr3:source", [10.0, 30.0], [0.0, 0.0], source_id=[1, 2])
    rows.bridge([3], [1], [0.1])
    answer = command("crossmatch", "lamost/dr5", "gaia/dr3", "--best", "brightest", "--json")
    assert answer.code == 0, answer.err
    said = json.loads(answer.out)
    assert {name: said[name] for name in ("n_left", "n_right", "n_pairs", "n_unmatched")} == {
        "n_left": 2,
        "n_right": 2,
        "n_pairs": 1,
        "n_unmatched": 1,
    }
    rows.load("survey_visit", "lamost/dr5:general", 10.0, 0.0)
    answer = command("crossmatch", "lamost/dr5", "gaia/dr3")
    assert answer.code == 2
    assert "Name one of lamost/dr5:general, lamost/dr5:spectra." in answer.err
    answer = command("crossmatch", "lamost/dr5:general", "gaia/dr3", "--epoch", "2016")
    assert answer.code == 0, answer.err
    assert "n matched" in answer.out


def test_what_is_not_there_is_said(command: Command) -> None:
    answer = command("crossmatch", "lamost/dr5", "gaia/dr3")
    assert answer.code == 2
    assert "nothing of lamost/dr5" in answer.err
