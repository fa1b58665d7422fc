"""The ledger with releases that tests of releases use."""

from tests.catalog.releases.conftest import connection, growing, grown

__all__ = ["connection", "growing", "grown"]
