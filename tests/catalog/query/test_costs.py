"""What a query would cost, and the words about what makes it expensive."""

from __future__ import annotations

import json

import pytest

from starledger.catalog.query.costs import check_cost
from starledger.catalog.query.errors import QueryRefused
from starledger.catalog.query.limits import Limits
from starledger.catalog.releases.tables import Table
from starledger.schema.database import Database

pytestmark = pytest.mark.integration

TABLES = [
    Table("dr1", name, f"dr1_data.{name}", "", None, ()) for name in ("star", "visit", "pair")
]

MADE = """
CREATE SCHEMA dr1_data;
CREATE TABLE dr1_data.star AS SELECT g star_id, mod(g, 99) AS teff FROM generate_series(1, 5000) g;
CREATE TABLE dr1_data.visit AS SELECT g AS star_id FROM generate_series(1, 5000) g;
CREATE INDEX ON dr1_data.star (star_id);
ANALYZE dr1_data.star; ANALYZE dr1_data.visit;
"""


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM dr1_data.star a, dr1_data.visit b",
         "joins 5,000 rows of dr1.star with 5,000 rows of dr1.visit, every one with every other"),
        ("SELECT * FROM dr1_data.star WHERE teff = 3",
         "reads all of dr1.star, for want of an index for its condition"),
        ("SELECT * FROM dr1_data.star", "it reads all of dr1.star:"),
        ("SELECT a.teff FROM dr1_data.star a JOIN dr1_data.visit b ON a.teff < b.star_id",
         "joins 5,000 rows of dr1.star with 5,000 rows of dr1.visit"),
        ("SELECT teff FROM dr1_data.star ORDER BY md5(teff::text)", "sorts 5,000 rows of dr1.star"),
        ("SELECT count(*) FROM generate_series(1, 9000) a, generate_series(1, 9000) b",
         "joins 9,000 rows of what it has found"),
    ],
)  # fmt: skip
def test_what_is_expensive_is_named(empty_database: Database, sql: str, said: str) -> None:
    with empty_database.engine().connect() as connection:
        connection.exec_driver_sql(MADE)
        plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON, VERBOSE) {sql}").scalar_one()
        connection.rollback()
    text = json.dumps(plan)
    assert check_cost(text, Limits(), TABLES) > 0
    with pytest.raises(QueryRefused) as raised:
        check_cost(text, Limits(cost=1.0), TABLES)
    message = str(raised.value)
    assert said.removesuffix(":") in message
    assert "--cost-limit" in message
    assert "dr1_data" not in message
