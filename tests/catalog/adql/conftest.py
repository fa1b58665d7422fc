"""What the tests of ADQL share: the tiny release, read as readers read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from starledger.schema.roles import Role
from tests.catalog.adql import tiny
from tests.conftest import Server


@pytest.fixture(scope="package")
def reader(server: Server) -> Iterator[Connection]:
    """Return a connection of the reader's role, to a database with the tiny release."""
    with server.database() as database:
        with database.engine().begin() as connection:
            tiny.make(connection)
        with database.engine(Role.READER).connect() as connection:
            yield connection
