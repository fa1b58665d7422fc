"""Migrations and the code's own declaration arrive at the same database, and back again."""

from __future__ import annotations

import re
import subprocess

import pytest
from sqlalchemy import Integer, text

from starledger.schema import definition, migrate
from starledger.schema.backup import client_binaries, dbname
from starledger.schema.database import Database
from starledger.schema.errors import SchemaMismatch
from starledger.schema.roles import Role, ensure_login_roles
from starledger.schema.tables import SCHEMA, metadata
from tests.conftest import Server
from tests.schema.many_models import ManyModels

pytestmark = pytest.mark.integration


def dumped(database: Database) -> str:
    """Return the database's schema as pg_dump writes it, without what belongs to Alembic."""
    url = database.urls[Role.OWNER]
    done = subprocess.run(
        [
            client_binaries(database).tool("pg_dump"),
            "--schema-only",
            f"--exclude-table={SCHEMA}.{migrate.VERSION_TABLE}",
            dbname(url),
        ],
        check=True,
        capture_output=True,
        text=True,
        env={"PGPASSWORD": str(url.password or "")},
    )
    return re.sub(r"^\\(un)?restrict .*$", "", done.stdout, flags=re.MULTILINE)


def test_migrations_arrive_at_what_the_code_declares(server: Server, ledger: Database) -> None:
    with server.database() as declared:
        with declared.engine().begin() as connection:
            ensure_login_roles(connection)
            definition.create(connection)
        assert dumped(ledger) == dumped(declared)


def test_alembic_finds_no_difference(ledger: Database) -> None:
    with ledger.engine().connect() as connection:
        assert migrate.differences(connection) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("ALTER TABLE ledger.star ADD COLUMN colour real", "remove_column"),
        ("ALTER TABLE ledger.model ALTER COLUMN n_labels TYPE integer", "modify_type"),
        ("COMMENT ON COLUMN ledger.fit.rv IS 'speed'", "modify_comment"),
        ("DROP INDEX ledger.ix_work_position", "add_index"),
        ("ALTER TABLE ledger.shard DROP CONSTRAINT uq_shard_path", "add_constraint"),
    ],
)
def test_alembic_finds_a_change_behind_its_back(change: str, found: str, ledger: Database) -> None:
    with ledger.engine().connect() as connection:
        connection.execute(text(change))
        differences = str(migrate.differences(connection))
    assert found in differences


def test_partitions_and_release_schemas_are_not_differences(ledger: Database) -> None:
    with ledger.engine().begin() as connection:
        ManyModels(connection)
        connection.execute(text("CREATE SCHEMA dr1"))
        connection.execute(text("CREATE TABLE dr1.star (star_id bigint)"))
        assert migrate.differences(connection) == []


def test_down_to_base_and_up_again_is_the_same(ledger: Database) -> None:
    before = dumped(ledger)
    migrate.downgrade(ledger.engine(), "base")
    with ledger.engine().connect() as connection:
        assert migrate.schema_state(connection).standing is migrate.Standing.EMPTY
        left = connection.scalars(
            text("SELECT relname FROM pg_class WHERE relnamespace = 'ledger'::regnamespace")
        ).all()
        assert set(left) <= {"schema_revision", "schema_revision_pkc"}
    migrate.upgrade(ledger.engine())
    assert dumped(ledger) == before


def test_a_published_release_keeps_the_schema_from_going_back(ledger: Database) -> None:
    with ledger.engine().begin() as connection:
        ManyModels(connection)
    with pytest.raises(SchemaMismatch, match="1 published release"):
        migrate.downgrade(ledger.engine(), "base")


def test_upgrade_twice_changes_nothing(ledger: Database) -> None:
    before = dumped(ledger)
    migrate.upgrade(ledger.engine())
    assert dumped(ledger) == before


def test_a_database_of_the_future_is_refused(ledger: Database) -> None:
    with ledger.engine().begin() as connection:
        connection.execute(text("UPDATE ledger.schema_revision SET version_num = 'ffff'"))
        assert migrate.schema_state(connection).standing is migrate.Standing.AHEAD
        with pytest.raises(SchemaMismatch, match="newer Starledger"):
            migrate.require_head(connection)
    with pytest.raises(SchemaMismatch, match="newer Starledger"):
        migrate.upgrade(ledger.engine())


def test_an_empty_database_is_refused_with_the_command_to_run(empty_database: Database) -> None:
    with (
        empty_database.engine().connect() as connection,
        pytest.raises(SchemaMismatch, match="starledger db upgrade"),
    ):
        migrate.require_head(connection)


def test_the_definition_would_differ_if_a_column_changed(
    ledger: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison looks at types too: it can fail."""
    monkeypatch.setattr(metadata.tables["ledger.fit"].c.flags, "type", Integer())
    with ledger.engine().connect() as connection:
        assert "modify_type" in str(migrate.differences(connection))
