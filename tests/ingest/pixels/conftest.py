"""What the tests of the ingest of spectra share."""

from __future__ import annotations

from pathlib import Path

import pytest

from starledger.schema.database import Database
from tests.ingest.pixels.desk import Desk


@pytest.fixture
def desk(ledger: Database, tmp_path: Path) -> Desk:
    return Desk(ledger, tmp_path)


@pytest.fixture
def ten(desk: Desk) -> Desk:
    for n in range(10):
        desk.write(f"{n:02}.json", {"external_id": str(n), "seed": n})
    return desk
