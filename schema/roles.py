"""Roles: the owner, the worker and the reader, each of which logs in as itself."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Connection, text

from starledger.schema.errors import NoRights


class Role(StrEnum):
    """Who connects; the owner is whoever owns the database."""

    OWNER = "starledger"
    WORKER = "starledger_worker"
    READER = "starledger_reader"


LOGIN_ROLES = (Role.WORKER, Role.READER)


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
