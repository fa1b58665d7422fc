"""What the tests of releases share: the small ledger, without and with a release."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from starledger.catalog.releases.publishing import publish
from starledger.schema.database import Database
from tests.catalog.releases.growing import Growing
from tests.conftest import Server


@pytest.fixture(scope="package")
def grown(server: Server, upgraded: str) -> Iterator[tuple[Database, Growing]]:
    """Return a ledger with the releases dr1 (of one model) and dr2 (of two, with copies)."""
    with server.database(upgraded) as database:
        with database.engine().begin() as connection:
            growing = Growing(connection)
        publish(database.engine(), growing.draft())
        publish(database.engine(), growing.draft_of_two(), materialise=True)
        yield database, growing


@pytest.fixture
def growing(grown: tuple[Database, Growing]) -> Growing:
    """Return the numbers of what is in the ledger."""
    return grown[1]


@pytest.fixture
def connection(grown: tuple[Database, Growing]) -> Iterator[Connection]:
    """Return a connection of the owner whose work is undone after the test."""
    with grown[0].engine().connect() as connection:
        yield connection
        connection.rollback()
