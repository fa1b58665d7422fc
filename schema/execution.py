"""Running SQL that we wrote as it is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, CursorResult


def execute(connection: Connection, statement: str) -> CursorResult[Any]:
    """Run a statement of ours as it is: neither ``%`` nor ``:`` mean anything in it."""
    return connection.exec_driver_sql(statement.replace("%", "%%"))
