"""Opening and closing runs: every batch of work has a number that its rows and logs carry."""

from __future__ import annotations

import getpass
import platform
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, Select, insert, select

from starledger import __version__
from starledger.schema.journal import bound
from starledger.schema.seals import seal_run
from starledger.schema.tables import SCHEMA, ClosedRun, Run, RunKind, metadata


@dataclass
class OpenRun:
    """A run that is under way.

    Parameters
    ----------
    run_id
        Its number.
    summary
        What it counted so far; written when it is closed.
    """

    run_id: int
    summary: dict[str, Any] = field(default_factory=dict)
    message: str | None = None


def open_run(connection: Connection, kind: RunKind, **about: Any) -> int:
    """Open a run and return its number.

    Parameters
    ----------
    connection
        A connection of the owner, whose transaction the caller commits.
    kind
        What the run does.
    **about
        The columns of the kind's own table, such as ``data_release_id`` of ``ingest_run``.
    """
    run_id = announce_run(connection, kind)
    describe_run(connection, kind, run_id, **about)
    return run_id


def announce_run(connection: Connection, kind: RunKind) -> int:
    """Return the number of a new run, about which more is told before the transaction ends."""
    run_id: int = connection.execute(
        insert(Run).returning(Run.run_id),
        {
            "kind": kind.value,
            "software_version": __version__,
            "command": _without_passwords(shlex.join(sys.argv)),
            "operator": f"{_user()}@{platform.node()}",
        },
    ).scalar_one()
    return run_id


def describe_run(connection: Connection, kind: RunKind, run_id: int, **about: Any) -> None:
    """Tell what an announced run is about: the columns of its kind's own table."""
    of_kind = metadata.tables.get(f"{SCHEMA}.{kind}_run")
    if of_kind is not None:
        connection.execute(insert(of_kind), {"run_id": run_id, **about})


def close_run(
    connection: Connection,
    run_id: int,
    outcome: str = "done",
    *,
    message: str | None = None,
    summary: Mapping[str, Any] | None = None,
) -> None:
    """Close a run: from here on no row can be added to it, and a release can pin it.

    One that ended well is sealed, which reads all that it wrote.
    """
    connection.execute(
        insert(ClosedRun),
        {
            "run_id": run_id,
            "outcome": outcome,
            "message": message,
            "summary": dict(summary or {}),
        },
    )
    if outcome == "done":
        kind = connection.execute(select(Run.kind).where(Run.run_id == run_id)).scalar_one()
        seal_run(connection, run_id, RunKind(kind))


def close_interrupted(connection: Connection, runs: Select[int]) -> None:
    """Close those of these runs as failed that are open: they were interrupted.

    The caller knows that nobody works on them, as who holds a lock that all of them take.

    Parameters
    ----------
    connection
        A connection of the owner, whose transaction the caller commits.
    runs
        A query of their numbers.
    """
    closed = select(ClosedRun.run_id)
    left = select(Run.run_id).where(Run.run_id.in_(runs), Run.run_id.not_in(closed))
    for run_id in connection.scalars(left.order_by(Run.run_id)).all():
        close_run(connection, run_id, "failed", message="It was interrupted.")


@contextmanager
def running(engine: Engine, kind: RunKind, **about: Any) -> Iterator[OpenRun]:
    """Open a run, close it as done at the end, or as failed with the reason.

    An interrupt (Ctrl-C, a kill) leaves the run open, so that it can be gone on with.
    """
    with engine.begin() as connection:
        run = OpenRun(open_run(connection, kind, **about))
    with bound(run=run.run_id):
        try:
            yield run
        except Exception as error:
            with engine.begin() as connection:
                close_run(connection, run.run_id, "failed", message=str(error), summary=run.summary)
            raise
        with engine.begin() as connection:
            close_run(connection, run.run_id, message=run.message, summary=run.summary)


@contextmanager
def going_on(engine: Engine, run_id: int) -> Iterator[OpenRun]:
    """Work on an open run that may be one interrupted before, and close it as done at the end.

    Whatever ends the work before its end, an error included, leaves the run open, so that the
    same command goes on with it.
    """
    run = OpenRun(run_id)
    with bound(run=run_id):
        yield run
        with engine.begin() as connection:
            close_run(connection, run_id, message=run.message, summary=run.summary)


def _without_passwords(command: str) -> str:
    """Hide the passwords of addresses, which everyone who sees the row could read.

    Examples
    --------
    >>> _without_passwords("starledger --database postgresql://me:secret@host/stars db check")
    'starledger --database postgresql://me:***@host/stars db check'
    """
    hidden = r"(://[^\s:/@]*:)[^\s@]*(?=@)|(\bpassword=)[^\s&'\"]*"
    return re.sub(hidden, lambda found: f"{found[1] or found[2]}***", command)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
