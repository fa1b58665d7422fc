"""What the tests of calibrations share: a survey whose labels are wrong in a known way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from starledger.schema.database import Database
from tests.catalog.calibrate.sky import Sky
from tests.conftest import Server


@pytest.fixture(scope="session")
def surveyed(server: Server, upgraded: str) -> Iterator[tuple[Database, Sky]]:
    """Return a ledger with the survey; tests add calibrations of their own names."""
    with server.database(upgraded) as database:
        with database.engine().begin() as connection:
            sky = Sky(connection)
        yield database, sky
