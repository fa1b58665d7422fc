"""`starledger why` on the command line."""

from __future__ import annotations

import json

import pytest

from starledger.catalog.releases.publishing import publish
from starledger.schema.database import Database
from tests.catalog.releases.growing import Growing
from tests.conftest import Command, address

pytestmark = pytest.mark.integration


def test_why_tells_the_chain(ledger: Database, starledger: Command) -> None:
    with ledger.engine().begin() as connection:
        growing = Growing(connection)
    where = ("--database", address(ledger))
    nothing = starledger(*where, "why", "222")
    assert (nothing.code, nothing.out) == (2, "")
    assert "Nothing is published yet" in nothing.err
    publish(ledger.engine(), growing.draft())
    found = json.loads(starledger(*where, "why", "222", "teff", "--json").out)
    assert found["labels"][0]["value"] == 5772.0
    said = starledger(*where, "why", "S1500000+020000", "--release", "dr1")
    assert said.code == 0
    assert "file visit_1.fits" in said.out
