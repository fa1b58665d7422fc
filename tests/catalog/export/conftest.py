"""What the tests of exports share: a ledger with two releases, and rows with all that is odd."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from starledger.catalog.releases.publishing import publish
from starledger.schema.database import Database
from tests.catalog.releases.growing import Growing
from tests.conftest import Server


@pytest.fixture(scope="package")
def released(server: Server, upgraded: str) -> Iterator[Database]:
    """Return a ledger with the releases dr1 (of one model) and dr2 (of two, with copies)."""
    with server.database(upgraded) as database:
        with database.engine().begin() as connection:
            growing = Growing(connection)
        draft = growing.draft(
            citation="Nobody et al. (2026)", description="Abundances [α/Fe] of stars that were seen"
        )
        publish(database.engine(), draft)
        publish(database.engine(), growing.draft_of_two(), materialise=True)
        yield database


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder."""
    return tmp_path
