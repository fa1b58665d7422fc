"""Roles: the owner, the worker and the reader, and what each may do."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from sqlalchemy import Connection, text

from starledger.schema.errors import NoRights
from starledger.schema.tables import SCHEMA
from starledger.schema.triggers import WORK_TABLES


class Role(StrEnum):
    """Who connects; the owner is whoever owns the database."""

    OWNER = "starledger"
    WORKER = "starledger_worker"
    READER = "starledger_reader"


LOGIN_ROLES = (Role.WORKER, Role.READER)


def grant_statements() -> Iterator[str]:
    """Yield the SQL that gives the worker its rights.

    A worker reads everything, writes fits and moves work along. The reader gets nothing here:
    each release grants its own views to it when it is published.
    """
    yield f"GRANT USAGE ON SCHEMA {SCHEMA} TO {Role.WORKER}"
    yield f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {Role.WORKER}"
    yield f"GRANT INSERT ON {SCHEMA}.fit TO {Role.WORKER}"
    for table in sorted(WORK_TABLES):
        yield f"GRANT INSERT, UPDATE, DELETE ON {SCHEMA}.{table} TO {Role.WORKER}"


def ensure_login_roles(connection: Connection) -> None:
    """Make the roles of worker and reader on this server where they are missing.

    They get no password: over a network nobody can log in as them until an administrator sets
    one, or lets them in otherwise.
    """
    known = set(
        connection.scalars(
            text("SELECT rolname FROM pg_roles WHERE rolname = ANY (:names)"),
            {"names": list(LOGIN_ROLES)},
        )
    )
    missing = [role for role in LOGIN_ROLES if role not in known]
    if not missing:
        return
    may_create = connection.scalar(
        text("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user")
    )
    statements = "; ".join(f"CREATE ROLE {role} LOGIN" for role in missing)
    if not may_create:
        raise NoRights(
            f"The database user may not create the roles {', '.join(missing)}.",
            remedy=f"Ask the server's administrator to run: {statements};",
        )
    connection.execute(text(statements))
