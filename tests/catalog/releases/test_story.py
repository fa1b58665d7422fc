"""The story of two releases: dr1 holds through all that happens after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, Row, text

from starledger.catalog.releases.finding import find_release
from starledger.catalog.releases.publishing import publish
from starledger.catalog.releases.verifying import verify
from starledger.schema.database import Database
from tests.catalog.releases.growing import NEW_VISITS, RETRAINED, Growing

pytestmark = pytest.mark.integration


def broken(connection: Connection, name: str) -> dict[str, str]:
    """Return what a release is found to differ in."""
    return {one.subject: one.problem for one in verify(connection, name) if one.problem}


def answers(connection: Connection, name: str) -> dict[str, Sequence[Row[Any]]]:
    """Return all rows of all views of a release."""
    views = find_release(connection, name).manifest["views"]
    return {
        view: connection.execute(text(f"SELECT * FROM {name}.{view} ORDER BY 1, 2")).all()
        for view in sorted(views)
    }


def migrate_somehow(connection: Connection, name: str) -> None:
    """Do what migrations may do to every table under a release: new columns and indexes."""
    for one in find_release(connection, name).manifest["tables"]:
        connection.execute(text(f"ALTER TABLE ledger.{one['table']} ADD COLUMN colour real"))
    connection.execute(text("CREATE INDEX ON ledger.combination (snr)"))


def test_dr1_holds_through_all_that_happens_later(ledger: Database) -> None:
    engine = ledger.engine()
    with engine.begin() as connection:
        growing = Growing(connection)
    publish(engine, growing.draft("dr1"))
    with engine.connect() as connection:
        was = answers(connection, "dr1")
    assert len(was) > 5

    # More visits come, old ones are re-reduced, stars merged, a visit is withdrawn, a model is
    # trained anew, visits are combined and labels calibrated again: dr1 holds after each.
    happenings = growing.happenings()
    assert growing.retrain in happenings
    for happening in happenings:
        with engine.begin() as connection:
            growing.connection = connection
            happening()
            assert broken(connection, "dr1") == {}, happening.__name__

    publish(engine, growing.draft_of_retrained("dr2"))
    with engine.begin() as connection:
        migrate_somehow(connection, "dr2")
        assert broken(connection, "dr1") == {}
        assert broken(connection, "dr2") == {}
        assert answers(connection, "dr1") == was
    _tells_of_what_happened(engine.connect(), growing)

    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE ledger.fit DISABLE TRIGGER USER"))
        run = growing.runs["fit_retrained"]
        changed = text("UPDATE ledger.fit SET chi2 = 2800.0002 WHERE fit_run_id = :run")
        assert connection.execute(changed, {"run": run}).rowcount == len(NEW_VISITS)
        assert broken(connection, "dr1") == {}
        assert broken(connection, "dr2")["ledger.fit"].startswith(f"run {run}:")


def _tells_of_what_happened(connection: Connection, growing: Growing) -> None:
    """Look whether the second release has the new visits by the new model, and no others."""
    with connection:
        query = "SELECT star_id, teff, n_visits FROM {}.star"
        (first,) = connection.execute(text(query.format("dr1"))).all()
        (second,) = connection.execute(text(query.format("dr2"))).all()
        assert (first.teff, second.teff) == (5772.0, 5900.0)
        assert (first.n_visits, second.n_visits) == (2, len(NEW_VISITS))
        seen = set(connection.scalars(text("SELECT spectrum_id FROM dr2.visit")))
        assert seen == {growing.ids[visit] for visit in NEW_VISITS}
        assert growing.ids["visit_2"] not in seen
        models = set(connection.scalars(text("SELECT DISTINCT model FROM dr2.fit")))
        assert models == {RETRAINED}
