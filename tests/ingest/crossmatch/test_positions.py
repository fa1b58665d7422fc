from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import text

from starledger.ingest.crossmatch.matching import driver_of
from starledger.ingest.crossmatch.positions import read_columns, write_columns
from starledger.schema.database import Database

pytestmark = pytest.mark.integration

TYPES = np.dtype([("number", "i8"), ("size", "f8")])


@pytest.mark.parametrize("n", [0, 1, 2, 7, 8, 1000])
@pytest.mark.parametrize("block", [1, 4, 100_000])
def test_columns_come_back_as_they_went(ledger: Database, n: int, block: int) -> None:
    rng = np.random.default_rng(n)
    number = rng.integers(-(2**63), 2**63 - 1, n)
    size = np.where(rng.random(n) < 0.2, np.nan, rng.normal(0, 1e300, n))
    with ledger.engine().begin() as connection, driver_of(connection) as own:
        connection.execute(text("CREATE TEMP TABLE kept (number bigint, size float8)"))
        write_columns(own, "kept", {"number": number, "size": size})
        blocks = list(read_columns(own, "SELECT number, size FROM kept", TYPES, block))
    assert all(1 <= len(rows) <= block for rows in blocks)
    back = np.concatenate([np.empty(0, TYPES), *blocks])
    np.testing.assert_array_equal(back["number"], number)
    np.testing.assert_array_equal(back["size"], size)
