"""What the tests of queries share: the small ledger with releases dr1 and dr2."""

from __future__ import annotations

import pytest

from starledger.schema.database import Database
from tests.catalog.releases.conftest import growing, grown
from tests.catalog.releases.growing import Growing

__all__ = ["growing", "grown", "ledger_of_releases"]


@pytest.fixture
def ledger_of_releases(grown: tuple[Database, Growing]) -> Database:
    """Return the ledger."""
    return grown[0]
