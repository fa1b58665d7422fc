from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from starledger.ingest.withdrawal_commands import withdraw
from starledger.ingest.withdrawals import NothingToWithdraw
from starledger.schema.database import Database
from starledger.schema.settings import load_settings
from tests.conftest import address
from tests.schema.small_survey import SmallSurvey

pytestmark = pytest.mark.integration


class Desk:
    def __init__(self, ledger: Database, home: Path) -> None:
        self.loaded = load_settings({"database_url": address(ledger), "home": home}, {})

    def withdraw(self, *arguments: str) -> Result:
        return CliRunner().invoke(withdraw, arguments, obj=self.loaded)


@pytest.fixture
def desk(ledger: Database, home: Path) -> Desk:
    return Desk(ledger, home)


@pytest.fixture
def small(ledger: Database) -> SmallSurvey:
    with ledger.engine().begin() as connection:
        return SmallSurvey(connection)


def test_visits_by_either_identifier(desk: Desk, small: SmallSurvey) -> None:
    first = desk.withdraw("visit", str(small.ids["visit_1"]), "--reason", "satellite", "--json")
    assert json.loads(first.output)["n_done"] == 1
    both = ("visit", "visit_1", "visit_2", "--of", "lamost/dr5:main")
    done = json.loads(desk.withdraw(*both, "--reason", "clouds", "--json").output)
    assert (done["action"], done["n_done"], done["n_already"]) == ("withdrawn", 1, 1)
    back = json.loads(desk.withdraw(*both, "--reason", "no", "--restore", "--json").output)
    assert (back["action"], back["n_done"]) == ("restored", 2)


def test_a_data_release(desk: Desk, small: SmallSurvey) -> None:
    asked = ("data-release", "lamost", "dr5", "--product", "main", "--reason", "lamps")
    assert desk.withdraw(*asked).output.splitlines()[1].split() == ["action", "withdrawn"]
    assert isinstance(desk.withdraw(*asked).exception, NothingToWithdraw)


def test_a_surveys_identifier_alone_is_explained(desk: Desk, small: SmallSurvey) -> None:
    done = desk.withdraw("visit", "spec-1", "--reason", "satellite")
    assert done.exit_code == 2
    assert "--of SURVEY/RELEASE" in done.output


def test_a_reason_is_asked_for(desk: Desk, small: SmallSurvey) -> None:
    done = desk.withdraw("visit", "1")
    assert (done.exit_code, "--reason" in done.output) == (2, True)
