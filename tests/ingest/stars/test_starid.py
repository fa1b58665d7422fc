from __future__ import annotations

import pytest
from sqlalchemy import text

from starledger.ingest.stars.starid import starid_sql
from starledger.schema.database import Database


@pytest.mark.integration
@pytest.mark.parametrize(
    ("ra", "dec", "name"),
    [
        (150.0, 2.0, "S1500000+020000"),
        (10.05, -10.05, "S0100300-100300"),
        (0.0, -0.0001, "S0000000-000000"),
        (359.99999999999994, 90.0, "S3595959+900000"),
        (83.63308, 22.0145, "S0833759+220052"),
        (1.9999, -89.9999, "S0015959-895959"),
    ],
)
def test_positions_are_cut(ledger: Database, ra: float, dec: float, name: str) -> None:
    query = text(f"SELECT {starid_sql('CAST(:ra AS float8)', 'CAST(:dec AS float8)')}")
    with ledger.engine().connect() as connection:
        assert connection.scalar(query, {"ra": ra, "dec": dec}) == name
