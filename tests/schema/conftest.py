"""What the tests of the schema share: the small ledger of many models, loaded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine

from starledger.schema.database import Database
from starledger.schema.roles import Role
from tests.conftest import Server
from tests.schema.many_models import ManyModels
from tests.schema.million import Million, fill


@pytest.fixture(scope="session")
def loaded(server: Server, upgraded: str) -> Iterator[tuple[Database, ManyModels]]:
    """Return a database with the small ledger; tests that write roll back."""
    with server.database(upgraded) as database:
        with database.engine().begin() as connection:
            many = ManyModels(connection)
        yield database, many


@pytest.fixture
def connection(loaded: tuple[Database, ManyModels]) -> Iterator[Connection]:
    """Return a connection to the small ledger whose work is undone after the test."""
    database, _many = loaded
    with database.engine().connect() as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def many(loaded: tuple[Database, ManyModels], connection: Connection) -> ManyModels:
    """Return the small ledger, writing through the connection that is rolled back."""
    many = loaded[1]
    many.connection = connection
    return many


@pytest.fixture(scope="session")
def million(server: Server, upgraded: str) -> Iterator[Million]:
    """Return a ledger with a million spectra; nobody changes it."""
    with server.database(upgraded) as database:
        admin = create_engine(server.admin.url.set(database=database.urls[Role.OWNER].database))
        yield fill(database.engine(), admin)
        admin.dispose()
