from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Connection, text

from starledger.catalog.demo.contents import OUR_OWN, contents_sha256
from starledger.catalog.releases.publishing import publish
from starledger.schema.database import Database
from tests.catalog.releases.conftest import grown
from tests.catalog.releases.growing import Growing

__all__ = ["grown"]

pytestmark = pytest.mark.integration


@pytest.fixture
def again(grown: tuple[Database, Growing]) -> tuple[Database, str]:
    """Publish what dr2 says once more, without copies."""
    database, growing = grown
    draft = replace(growing.draft_of_two(), name="dr2_again")
    with database.engine().connect() as connection:
        known = connection.execute(text("SELECT to_regnamespace('dr2_again') IS NOT NULL")).scalar()
    if not known:
        publish(database.engine(), draft)
    return database, draft.name


def test_the_same_contents_have_the_same_sum(again: tuple[Database, str]) -> None:
    database, name = again
    with database.engine().connect() as connection:
        assert contents_sha256(connection, name) == contents_sha256(connection, "dr2")
        assert contents_sha256(connection, "dr1") != contents_sha256(connection, "dr2")


def altered(connection: Connection, change: str) -> str:
    """Change dr2's copy of its stars in a transaction that is undone, and return the sum."""
    connection.execute(text("ALTER TABLE dr2_data.star DISABLE TRIGGER USER"))
    connection.execute(text(f"UPDATE dr2_data.star SET {change}"))
    found = contents_sha256(connection, "dr2")
    connection.rollback()
    return found


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ("teff = teff + 1 WHERE teff = (SELECT max(teff) FROM dr2_data.star)", True),
        ("ra = ra + 1e-12", True),
        ("star_id = star_id + 1000", False),
        ("best_spectrum_id = best_spectrum_id + 1000", False),
    ],
)
def test_it_sees_what_is_said_of_stars_and_no_numbers_of_ours(
    grown: tuple[Database, Growing], change: str, *, seen: bool
) -> None:
    with grown[0].engine().connect() as connection:
        before = contents_sha256(connection, "dr2")
        assert (altered(connection, change) != before) is seen


def test_all_columns_of_ours_exist(grown: tuple[Database, Growing]) -> None:
    query = text("SELECT DISTINCT column_name FROM dr2.column_info")
    with grown[0].engine().connect() as connection:
        known = set(connection.execute(query).scalars())
    assert known >= OUR_OWN
