"""Each role logs in as itself and may do what it is for, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import DBAPIError

from starledger.schema.database import Database, open_database
from starledger.schema.errors import NoRights
from starledger.schema.migrate import require_head
from starledger.schema.roles import Role, ensure_login_roles
from starledger.schema.settings import load_settings
from starledger.schema.tables import Fit
from tests.conftest import Server, address
from tests.schema.many_models import ManyModels

pytestmark = pytest.mark.integration


@pytest.fixture
def worker(loaded: tuple[Database, ManyModels]) -> Iterator[Connection]:
    with loaded[0].engine(Role.WORKER).connect() as connection:
        yield connection


@pytest.fixture
def reader(loaded: tuple[Database, ManyModels]) -> Iterator[Connection]:
    with loaded[0].engine(Role.READER).connect() as connection:
        yield connection


def test_roles_log_in_as_themselves(worker: Connection, reader: Connection) -> None:
    who = text("SELECT session_user")
    assert worker.scalar(who) == Role.WORKER
    assert reader.scalar(who) == Role.READER


def test_a_machine_that_only_fits_needs_the_worker_alone(
    loaded: tuple[Database, ManyModels], tmp_path: Path
) -> None:
    alone = address(loaded[0], Role.WORKER)
    settings = load_settings({"database_url": alone, "home": tmp_path}).settings
    with open_database(settings) as database:
        for role in (Role.OWNER, Role.WORKER):
            with database.engine(role).connect() as connection:
                require_head(connection)
                assert connection.scalar(text("SELECT session_user")) == Role.WORKER


def test_worker_writes_fits_and_moves_work(worker: Connection, many: ManyModels) -> None:
    run = many.runs["fit_open"]
    values = many.fit_values("dd_payne_lamost", "visit_3", run)
    worker.execute(insert(Fit), values)
    lease = text(
        "WITH taken AS (DELETE FROM ledger.work RETURNING spectrum_id, position)"
        " INSERT INTO ledger.lease (lease_id, fit_run_id, worker, expires_at, attempts,"
        " spectrum_ids, positions, last_errors)"
        " SELECT 1, :run, 'w', now(), 0, array_agg(spectrum_id), array_agg(position), '{}'"
        " FROM taken"
        " RETURNING spectrum_ids"
    )
    assert len(worker.execute(lease, {"run": run}).scalar_one()) == 2
    assert worker.execute(text("DELETE FROM ledger.lease")).rowcount == 1


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE ledger.mine (a int)",
        "CREATE TABLE public.mine (a int)",
        "DROP TABLE ledger.fit",
        "ALTER TABLE ledger.fit DISABLE TRIGGER ALL",
        "INSERT INTO ledger.survey (name, title) VALUES ('x', 'X')",
        "INSERT INTO ledger.closed_run (run_id, outcome) VALUES (1, 'done')",
        "UPDATE ledger.fit SET flags = 1",
        "DELETE FROM ledger.fit",
        "TRUNCATE ledger.work",
        "SET ROLE starledger",
        "CREATE ROLE other",
    ],
)
def test_worker_may_not(statement: str, worker: Connection) -> None:
    with pytest.raises(DBAPIError, match=r"permission denied|must be owner|does not exist"):
        worker.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM ledger.fit",
        "SELECT count(*) FROM ledger.release",
        "CREATE TABLE public.mine (a int)",
        "SET ROLE starledger_worker",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
    ],
)
def test_reader_may_not(statement: str, reader: Connection) -> None:
    with pytest.raises(DBAPIError, match=r"permission denied|must be superuser"):
        reader.execute(text(statement))


def test_reader_reads_a_release_that_grants_it(
    ledger: Database,
) -> None:
    with ledger.engine().begin() as connection:
        connection.execute(text("CREATE SCHEMA dr1"))
        connection.execute(text("CREATE VIEW dr1.survey AS SELECT name FROM ledger.survey"))
        connection.execute(text(f"GRANT USAGE ON SCHEMA dr1 TO {Role.READER}"))
        connection.execute(text(f"GRANT SELECT ON dr1.survey TO {Role.READER}"))
        connection.execute(text("INSERT INTO ledger.survey (name, title) VALUES ('x', 'X')"))
    with ledger.engine(Role.READER).connect() as reader:
        assert reader.scalars(text("SELECT name FROM dr1.survey")).all() == ["x"]


def test_making_roles_without_the_right_says_what_to_run(
    server: Server, ledger: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("starledger.schema.roles.LOGIN_ROLES", [Role.WORKER, "starledger_nobody"])
    with (
        ledger.engine(Role.WORKER).connect() as connection,
        pytest.raises(NoRights, match="CREATE ROLE starledger_nobody LOGIN"),
    ):
        ensure_login_roles(connection)
