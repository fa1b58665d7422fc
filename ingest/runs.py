"""Ingest runs: one at a time for a data release, and gone on with after an interrupt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from starledger.ingest.surveys import Release
from starledger.schema.errors import StarledgerError
from starledger.schema.runs import close_run, open_run
from starledger.schema.tables import RunKind

LOCK = 7_827_533
"""First key of the advisory lock; the second is the data release's number."""

_PATIENCE = "3s"
"""A killed predecessor's connection may take a moment to be noticed."""

_LEFT_OPEN = """
SELECT r.run_id, to_jsonb(r) @> CAST(:about AS jsonb) AS same
FROM ledger.ingest_run r LEFT JOIN ledger.closed_run c USING (run_id)
WHERE r.data_release_id = :data_release_id AND c.run_id IS NULL ORDER BY r.run_id DESC
"""


class IngestUnderWay(StarledgerError):
    """Another process is ingesting the same product of a data release."""


@contextmanager
def session(engine: Engine) -> Iterator[Connection]:
    """Open a connection that is closed at the end, with its locks and its temporary tables."""
    with engine.connect() as connection:
        connection.detach()
        yield connection


def hold(connection: Connection, data_release_id: int, release: Release) -> None:
    """Keep other ingests of a data release away for as long as the connection is open.

    Raises
    ------
    IngestUnderWay
        Another process is at it.
    """
    keys = {"lock": LOCK, "id": data_release_id}
    try:
        with connection.begin():
            connection.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
            connection.execute(text("SELECT pg_advisory_lock(:lock, :id)"), keys)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != "55P03":
            raise
        raise IngestUnderWay(
            f"Another process is ingesting {release}.",
            remedy="Wait until it has ended, then run the command again.",
        ) from None


def run_for(connection: Connection, data_release_id: int, **about: Any) -> tuple[int, bool]:
    """Return the run to work on, and whether it is an interrupted one about the same.

    One that was interrupted on something else is given up: runs of a data release follow each
    other.

    Parameters
    ----------
    connection
        A connection that holds the data release.
    data_release_id
        What is ingested.
    **about
        The other columns of ``ingest_run``.
    """
    asked = {"data_release_id": data_release_id, "about": json.dumps(about)}
    went_on = None
    for run_id, same in connection.execute(text(_LEFT_OPEN), asked).all():
        if same and went_on is None:
            went_on = int(run_id)
        else:
            reason = "Given up: interrupted, and the data release was then ingested from elsewhere."
            close_run(connection, run_id, "failed", message=reason)
    if went_on is not None:
        return went_on, True
    run_id = open_run(connection, RunKind.INGEST, data_release_id=data_release_id, **about)
    return run_id, False
