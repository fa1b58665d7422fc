from __future__ import annotations

import json

import pytest

from starledger import __main__ as face
from starledger.schema.database import Database
from tests.conftest import Command, address
from tests.ingest.many_rows import ManyRows


@pytest.mark.integration
def test_stars_are_assigned(
    monkeypatch: pytest.MonkeyPatch, starledger: Command, ledger: Database
) -> None:
    for name, where in (("stars", "stars.commands:stars"), ("x", "crossmatch.commands:crossmatch")):
        monkeypatch.setitem(face.COMMANDS, name, f"starledger.ingest.{where}")
    monkeypatch.setenv("STARLEDGER_DATABASE_URL", address(ledger))
    rows = ManyRows(ledger.engine())
    rows.load("spectrum", "lamost/dr5:spectra", [10.0, 20.0], [0.0, 0.0])
    rows.load("gaia_source", "gaia/dr3:source", 10.0, 0.0, source_id=1)
    matched = json.loads(starledger("x", "lamost/dr5", "gaia/dr3", "--json").out)
    answer = starledger("stars", "assign", "--json")
    assert answer.code == 0, answer.err
    said = json.loads(answer.out)
    assert said["crossmatch_runs"] == [matched["run"]]
    assert (said["n_stars"], said["n_with_gaia"]) == (2, 1)
    again = starledger("stars", "assign", "--crossmatch", str(matched["run"]), "--radius", "1")
    assert again.code == 0, again.err
    assert "n members written" in again.out
    assert starledger("stars", "assign", "--crossmatch", "1").code == 2
