"""What the tests of pictures share: the small ledger with releases dr1 and dr2."""

from __future__ import annotations

from tests.catalog.query.conftest import growing, grown, ledger_of_releases

__all__ = ["growing", "grown", "ledger_of_releases"]
