"""Talking to a database that may be away for a while: what was begun is begun again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError

from starledger.schema.database import Database, explanation
from starledger.schema.errors import StarledgerError
from starledger.schema.roles import Role

Made = TypeVar("Made")

PATIENCE_SECONDS = 300.0
"""So long a server may be away."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0
_AWAY = {"08", "57"}
"""Classes of errors: of connections, and of a server that stops, starts or is told to end us."""
_OVERTAKEN = {"40001", "40P01"}
"""A deadlock, or a transaction that another one overtook: trying again helps."""

log = logging.getLogger(__name__)


def persistently(
    database: Database,
    action: Callable[[Connection], Made],
    *,
    stop: threading.Event | None = None,
    role: Role = Role.WORKER,
) -> Made:
    """Run an action in a transaction of its own, again and again while the server is away.

    An action whose commit was under way when the server went may have been done; it is begun
    again, and must see that itself.

    Parameters
    ----------
    database
        Where it runs; an embedded server that died is started again.
    action
        What to do with a connection.
    stop
        When set, the wait ends and the error comes out.
    role
        Who does it.

    Raises
    ------
    StarledgerError
        The server stayed away.
    """
    waiting = stop or threading.Event()
    paused, pause = 0.0, _FIRST_PAUSE
    while True:
        try:
            with database.engine(role).begin() as connection:
                return action(connection)
        except DBAPIError as error:
            if not _may_pass(error):
                raise
            known = explanation(error, database.address)
            if paused >= PATIENCE_SECONDS or waiting.is_set():
                if known is None:
                    raise
                raise known from error
            log.warning("The database is away: %s Trying again.", known or error)
        waiting.wait(pause)
        paused, pause = paused + pause, min(2 * pause, _LONGEST_PAUSE)
        _revive(database)


def _may_pass(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        # The driver itself speaks: that the server is gone, or that we asked for nonsense.
        return error.connection_invalidated or isinstance(error, OperationalError)
    return state[:2] in _AWAY or state in _OVERTAKEN


def _revive(database: Database) -> None:
    if database.server is not None:
        try:
            database.server.ensure_running()
        except StarledgerError as error:
            log.warning("%s", error)
