"""Ingest runs: one at a time for a data release, and gone on with after an interrupt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, select, text

from starledger.schema.errors import StarledgerError
from starledger.schema.journal import bound
from starledger.schema.runs import close_run, open_run
from starledger.schema.tables import ClosedRun, IngestRun, RunKind

LOCK = 7_827_533
"""First key of the advisory lock; the second is the data release's number."""


class AnotherIngest(StarledgerError):
    """Another process is ingesting the same product of a data release."""


@dataclass
class Ingesting:
    """An ingest run that is under way.

    Parameters
    ----------
    run_id
        Its number.
    resumed
        Whether it was begun by an earlier process, which did not come to its end.
    summary
        What it counted; written when it is closed.
    """

    run_id: int
    resumed: bool
    summary: dict[str, Any] = field(default_factory=dict)
    message: str | None = None


@contextmanager
def ingesting(engine: Engine, data_release_id: int, **about: Any) -> Iterator[Ingesting]:
    """Open an ingest run, or go on with the one that was interrupted, and close it at the end.

    An error closes it as failed. An interrupt (Ctrl-C, a kill) leaves it open, and the next run
    that is about the same goes on with it.

    Parameters
    ----------
    engine
        Connections of the owner.
    data_release_id
        What is ingested; one process at a time may.
    **about
        The other columns of ``ingest_run``.

    Raises
    ------
    AnotherIngest
        Another process is at it.
    """
    with _alone(engine, data_release_id):
        run = _open(engine, data_release_id, about)
        with bound(run=run.run_id):
            try:
                yield run
            except Exception as error:
                with engine.begin() as connection:
                    close_run(
                        connection, run.run_id, "failed", message=str(error), summary=run.summary
                    )
                raise
            with engine.begin() as connection:
                close_run(connection, run.run_id, message=run.message, summary=run.summary)


def _open(engine: Engine, data_release_id: int, about: dict[str, Any]) -> Ingesting:
    with engine.begin() as connection:
        same = (getattr(IngestRun, name).is_not_distinct_from(one) for name, one in about.items())
        left_open = connection.scalars(
            select(IngestRun.run_id)
            .outerjoin(ClosedRun, ClosedRun.run_id == IngestRun.run_id)
            .where(ClosedRun.run_id.is_(None), IngestRun.data_release_id == data_release_id, *same)
            .order_by(IngestRun.run_id.desc())
        ).first()
        if left_open is not None:
            return Ingesting(left_open, resumed=True)
        run_id = open_run(connection, RunKind.INGEST, data_release_id=data_release_id, **about)
        return Ingesting(run_id, resumed=False)


@contextmanager
def _alone(engine: Engine, data_release_id: int) -> Iterator[None]:
    keys = {"lock": LOCK, "release": data_release_id}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        asked = text("SELECT pg_try_advisory_lock(:lock, :release)")
        if not connection.scalar(asked, keys):
            raise AnotherIngest(
                "Another process is ingesting into the same data release.",
                remedy="Wait for its end; `starledger ingest runs` shows it.",
            )
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:lock, :release)"), keys)
