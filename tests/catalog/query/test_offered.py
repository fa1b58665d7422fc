"""What can be asked: releases, the newest one, and what changes of that."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event

from starledger.catalog.query.offered import Offering
from starledger.catalog.releases.errors import NoSuchRelease
from starledger.catalog.releases.publishing import publish
from starledger.catalog.releases.withdrawing import withdraw
from starledger.schema.database import Database
from starledger.schema.errors import SchemaMismatch
from starledger.schema.roles import Role
from tests.catalog.releases.growing import Growing

pytestmark = pytest.mark.integration


def test_tables_of_all_releases_are_offered(ledger_of_releases: Database) -> None:
    offer = Offering(ledger_of_releases).now()
    assert [one.name for one in offer.releases] == ["dr1", "dr2"]
    assert {one.schema for one in offer.tables} == {"dr1", "dr2"}
    newest = offer.release(None)
    assert newest is not None
    assert newest.name == "dr2"
    with pytest.raises(NoSuchRelease, match=r"'dr7'.*dr1, dr2"):
        offer.release("dr7")


def test_withdrawn_releases_are_not_the_newest_and_news_are_seen(ledger: Database) -> None:
    with ledger.engine().begin() as connection:
        growing = Growing(connection)
    offering = Offering(ledger)
    assert offering.now().releases == ()
    assert offering.now().release(None) is None
    for name in ("dr1", "dr2"):
        publish(ledger.engine(), growing.draft(name))
    newest = offering.now().release(None)
    assert newest is not None
    assert newest.name == "dr2"
    withdraw(ledger.engine(), "dr2", "wrong zero point")
    newest = offering.now().release(None)
    assert newest is not None
    assert newest.name == "dr1"
    found = offering.now().release("dr2")
    assert found is not None
    assert found.withdrawn == "wrong zero point"


def test_what_is_known_is_not_asked_again(ledger_of_releases: Database) -> None:
    offering = Offering(ledger_of_releases)
    first = offering.now()
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    engine = ledger_of_releases.engine()
    event.listen(engine, "before_cursor_execute", note)
    try:
        assert offering.now() is first
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(asked) == 1


def test_who_may_only_read_releases_sees_them_too(ledger_of_releases: Database) -> None:
    reader = ledger_of_releases.urls[Role.READER]
    database = Database(dict.fromkeys(Role, reader))
    offer = Offering(database).now()
    database.close()
    whole = Offering(ledger_of_releases).now()
    assert [one.name for one in offer.releases] == ["dr1", "dr2"]
    assert [(one.schema, one.name, one.relation, one.fields) for one in offer.tables] == [
        (one.schema, one.name, one.relation, one.fields) for one in whole.tables
    ]
    assert offer.releases[0].title == "The first"


def test_a_database_without_a_ledger_is_told(empty_database: Database) -> None:
    with pytest.raises(SchemaMismatch, match="db upgrade"):
        Offering(empty_database).now()
