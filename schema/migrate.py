"""How the database comes to the schema of this software: Alembic's migrations, run by us."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from importlib import resources
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, func, inspect, select, text

from starledger.schema.errors import SchemaMismatch
from starledger.schema.roles import ensure_login_roles
from starledger.schema.tables import SCHEMA, Release, metadata

VERSION_TABLE = "schema_revision"
"""The table in which Alembic keeps the revision of the database."""

PARTITION = re.compile(r"_of_[0-9]+$")
"""How the names of partitions end."""

UPGRADE_LOCK = 7_827_533_746
"""Key of the advisory lock that lets one process migrate at a time."""


class Standing(Enum):
    """How a database stands to this software; the value is the sentence to print."""

    EMPTY = "The database is empty: `starledger db upgrade` makes the tables."
    BEHIND = "The database is older than this software: `starledger db upgrade` brings it up."
    AHEAD = "The database was made by a newer Starledger: upgrade the software."
    AT_HEAD = "The database is up to date."


@dataclass(frozen=True)
class SchemaState:
    """The revision of a database, the newest one known here, and how they stand."""

    current: str | None
    head: str
    standing: Standing


def config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, which finds the migrations of the installed package."""
    made = Config(stdout=io.StringIO())
    folder = resources.files("starledger.migrations")
    made.set_main_option("script_location", str(folder).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def schema_state(connection: Connection) -> SchemaState:
    """Tell how the database stands to this software."""
    scripts = ScriptDirectory.from_config(config())
    head = scripts.get_current_head() or ""
    current = _context(connection).get_current_revision()
    if current is None:
        standing = Standing.EMPTY
    elif current == head:
        standing = Standing.AT_HEAD
    else:
        standing = Standing.BEHIND if _known(scripts, current) else Standing.AHEAD
    return SchemaState(current, head, standing)


def require_head(connection: Connection) -> None:
    """Refuse a database that is behind or ahead of this software."""
    state = schema_state(connection)
    if state.standing is not Standing.AT_HEAD:
        what, remedy = state.standing.value.split(": ")
        raise SchemaMismatch(
            f"{what} (revision {state.current or 'none'}, ours is {state.head}).",
            remedy=remedy[0].upper() + remedy[1:],
        )


def upgrade(engine: Engine, *, agreed: bool = False) -> SchemaState:
    """Bring the database to the newest revision.

    Parameters
    ----------
    engine
        Connections of the owner.
    agreed
        Whether the user agreed to migrate a database that holds published releases. Without,
        such a database is left as it is and `SchemaMismatch` is raised.
    """
    with _migrating(engine) as connection:
        state = schema_state(connection)
        if state.standing is Standing.AHEAD:
            require_head(connection)
        if state.standing is Standing.BEHIND and not agreed and (n := published(connection)):
            raise SchemaMismatch(
                f"The database holds {n} published release(s) and would be migrated from"
                f" {state.current} to {state.head}.",
                remedy="Back it up (`starledger db backup`), then run with --yes.",
            )
        if state.standing is not Standing.AT_HEAD:
            ensure_login_roles(connection)
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
            command.upgrade(config(connection), "head")
        return schema_state(connection)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database back to an earlier revision, ``base`` for an empty one.

    Raises
    ------
    SchemaMismatch
        The database holds published releases, which a downgrade would break.
    """
    with _migrating(engine) as connection:
        if n := published(connection):
            raise SchemaMismatch(
                f"The database holds {n} published release(s), which a downgrade would break.",
                remedy="Restore an earlier backup into another database instead.",
            )
        command.downgrade(config(connection), revision)


def differences(connection: Connection) -> list[Any]:
    """Return what differs between the database and the tables that the code declares."""
    found: list[Any] = compare_metadata(_context(connection), metadata)
    return found


def published(connection: Connection) -> int:
    """Count the published releases."""
    if not inspect(connection).has_table("release", schema=SCHEMA):
        return 0
    return connection.scalar(select(func.count()).select_from(Release)) or 0


def is_ours(name: str | None, type_: str, parent_names: Any) -> bool:
    """Tell Alembic which names to compare: not partitions, not releases' schemas."""
    if type_ == "schema":
        return name == SCHEMA
    if type_ == "table":
        return parent_names.get("schema_name") == SCHEMA and not PARTITION.search(name or "")
    return True


def is_not_of_a_partition(
    item: Any, _name: str | None, type_: str, _reflected: Any, _compared: Any
) -> bool:
    """Leave out the copies of foreign keys that PostgreSQL makes for each partition of fits."""
    if type_ != "foreign_key_constraint":
        return True
    return not any(
        PARTITION.search(key.target_fullname.rpartition(".")[0]) for key in item.elements
    )


def comparison_options() -> dict[str, Any]:
    """Return how Alembic keeps and compares the schema, for migrating and for checking alike."""
    return {
        "target_metadata": metadata,
        "version_table": VERSION_TABLE,
        "version_table_schema": SCHEMA,
        "include_schemas": True,
        "include_name": is_ours,
        "include_object": is_not_of_a_partition,
        "compare_server_default": True,
    }


@contextmanager
def _migrating(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
        yield connection


def _context(connection: Connection) -> MigrationContext:
    return MigrationContext.configure(connection, opts=comparison_options())


def _known(scripts: ScriptDirectory, revision: str) -> bool:
    try:
        return scripts.get_revision(revision) is not None
    except CommandError:
        return False
