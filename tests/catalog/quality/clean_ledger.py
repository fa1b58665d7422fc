"""A ledger of stars of which nothing is wrong, and copies of it in which something is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

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
    """The ledger of good stars, and a way to copies of it."""

    database: Database
    made: Made
    server: Server

    def copy(self, *defects: str) -> AbstractContextManager[Database]:
        """Make a copy in which something is wrong, whatever triggers say."""
        return self._copy(defects)

    @contextmanager
    def _copy(self, defects: tuple[str, ...]) -> Iterator[Database]:
        self.database.close()
        template = self.database.urls[Role.OWNER].database
        assert template is not None
        with self.server.database(template) as database:
            name = database.urls[Role.OWNER].database
            admin = create_engine(self.server.admin.url.set(database=name))
            with admin.begin() as connection:
                connection.execute(text("SET session_replication_role = replica"))
                for defect in defects:
                    connection.execute(text(defect), self.names)
            admin.dispose()
            yield database

    @property
    def names(self) -> dict[str, int]:
        """The parameters that defects may use: the first star, a dwarf, and what it has."""
        made = self.made
        return made.ids | {"spectrum": made.spectra[0], "star": made.stars[0]}


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
