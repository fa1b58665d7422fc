from __future__ import annotations

import threading

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from starledger.compute.work.connecting import persistently
from starledger.schema.database import Database
from starledger.schema.errors import Unreachable
from starledger.schema.roles import Role

HANG_UP = text("SELECT pg_terminate_backend(pg_backend_pid())")


def test_a_dropped_connection_is_made_again(ledger: Database) -> None:
    calls = []

    def action(connection: Connection) -> int:
        calls.append(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
        if len(calls) == 1:
            connection.execute(HANG_UP)
        return len(calls)

    assert persistently(ledger, action, role=Role.OWNER) == 2
    assert calls[0] != calls[1]


def test_a_mistake_is_not_tried_again(ledger: Database) -> None:
    calls = []

    def action(connection: Connection) -> None:
        calls.append(1)
        connection.execute(text("SELECT nothing"))

    with pytest.raises(ProgrammingError):
        persistently(ledger, action)
    assert calls == [1]


def test_nonsense_that_never_reached_the_server_is_not_tried_again(ledger: Database) -> None:
    calls = []

    def action(connection: Connection) -> None:
        calls.append(1)
        connection.execute(text("SELECT :what"), {"what": object()})

    with pytest.raises(DBAPIError):
        persistently(ledger, action)
    assert calls == [1]


def test_who_is_told_to_stop_waits_no_longer(ledger: Database) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Unreachable, match="run the command again"):
        persistently(ledger, lambda connection: connection.execute(HANG_UP), stop=stop)
