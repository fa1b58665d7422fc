"""The rows that a release pins are those that the rooms before it mean."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, select, text

from starledger.catalog.combine.combination import combine
from starledger.catalog.combine.current import current_combinations
from starledger.catalog.releases.checking import check
from starledger.catalog.releases.pinned_rows import current, members, star_versions
from starledger.schema.asof import membership
from starledger.schema.database import Database
from starledger.schema.tables import StarMember
from tests.catalog.releases.growing import Growing

pytestmark = pytest.mark.integration


def rows(connection: Connection, query: str) -> list[tuple[object, ...]]:
    """Return the rows of a query, sorted as texts."""
    return sorted((tuple(row) for row in connection.exec_driver_sql(query)), key=repr)


@pytest.fixture
def recombined(ledger: Database) -> tuple[Database, Growing, list[int]]:
    """Return a ledger whose stars were combined, changed, and combined again."""
    with ledger.engine().begin() as connection:
        growing = Growing(connection)
    first = combine(ledger, "payne_lamost")
    with ledger.engine().begin() as connection:
        Growing.grow(growing, connection)
    second = combine(ledger, "payne_lamost")
    return ledger, growing, [first, growing.runs["combination_2"], second]


def test_current_combinations_are_those_of_combine(
    recombined: tuple[Database, Growing, list[int]],
) -> None:
    database, growing, runs = recombined
    with database.engine().connect() as connection:
        for run in runs:
            draft = growing.draft("dr9", combinations=(run,))
            plan = check(connection, draft)
            ours = rows(connection, current(plan, plan.primary))
            assert ours == rows(connection, current_combinations(connection, run))
            assert ours


def test_members_are_those_as_of_the_star_run(
    recombined: tuple[Database, Growing, list[int]],
) -> None:
    database, growing, runs = recombined
    with database.engine().connect() as connection:
        for run, star_run in ((runs[0], "stars"), (runs[1], "stars_again")):
            plan = check(connection, growing.draft("dr9", combinations=(run,)))
            query = select(StarMember.spectrum_id, StarMember.star_id).where(
                membership(growing.runs[star_run])
            )
            expected = sorted(tuple(row) for row in connection.execute(query))
            assert sorted(connection.execute(text(members(plan)))) == expected
            assert len(rows(connection, star_versions(plan))) == 2
