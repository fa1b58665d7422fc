"""A database to ask, and tables on it for a while."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from tests.conftest import Server


@pytest.fixture(scope="package")
def asked(server: Server) -> Iterator[Connection]:
    """Return a connection to an empty database, for many questions."""
    with server.database() as database, database.engine().connect() as connection:
        # So that what one question breaks does not break the next.
        yield connection.execution_options(isolation_level="AUTOCOMMIT")
