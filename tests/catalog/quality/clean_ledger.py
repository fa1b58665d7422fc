"""A ledger of stars of which nothing is wrong, and copies of it in which something is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from starledger.schema.database import Database
from starledger.schema.roles import Role
from tests.catalog.quality.made_sample import (
    Made,
    MadeSample,
    keep_references,
    references_of,
    small_payne,
)
from tests.conftest import Server


@dataclass(frozen=True)
class Clean:
    """The ledger of good stars, and ways to make them worse."""

    database: Database
    made: Made
    server: Server

    @contextmanager
    def copy(self) -> Iterator[Database]:
        """Make a copy for a while."""
        self.database.close()
        template = self.database.urls[Role.OWNER].database
        assert template is not None
        with self.server.database(template) as database:
            yield database

    def worsen(self, database: Database, defect: str, star: int = 0) -> None:
        """Do to a star, whatever triggers say."""
        with self._admin(database) as admin, admin.begin() as connection:
            self._do(connection, defect, star)

    @contextmanager
    def worsened(self, defect: str) -> Iterator[Connection]:
        """Yield a connection on which something is wrong until it ends."""
        with self._admin(self.database) as admin, admin.connect() as connection:
            self._do(connection, defect, 0)
            yield connection
            connection.rollback()

    @contextmanager
    def _admin(self, database: Database) -> Iterator[Engine]:
        name = database.urls[Role.OWNER].database
        admin = create_engine(self.server.admin.url.set(database=name))
        try:
            yield admin
        finally:
            admin.dispose()

    def _do(self, connection: Connection, defect: str, star: int) -> None:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(defect), self.names(star))

    def names(self, star: int = 0) -> dict[str, int]:
        """Return the parameters that defects may use: of a star, and of the survey."""
        made = self.made
        return made.ids | {"spectrum": made.spectra[star], "star": made.stars[star]}


@pytest.fixture(scope="package")
def clean(
    server: Server, upgraded: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Clean]:
    """Return the ledger of good stars; who changes it takes a copy."""
    root: Path = tmp_path_factory.mktemp("models")
    keep_references(root, references_of(small_payne()))
    with server.database(upgraded) as database:
        with database.engine().begin() as connection:
            made = MadeSample(connection, root).made
        yield Clean(database, made, server)
