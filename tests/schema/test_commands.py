from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from starledger.schema.backup import back_up, client_binaries, dbname, password_environment
from starledger.schema.database import Database
from starledger.schema.embedded import EmbeddedServer
from starledger.schema.errors import DatabaseError
from starledger.schema.roles import Role
from tests.conftest import Answer, Command, address
from tests.schema.many_models import ManyModels
from tests.schema.next_revision import HEAD, NEXT, Upgradable, next_revision

pytestmark = pytest.mark.integration

__all__ = ["next_revision"]


def refused(answer: Answer, *words: str) -> None:
    """Check that a command did nothing and said why in one line."""
    assert answer.code == 2
    assert answer.out == ""
    (line,) = answer.err.splitlines()
    for word in words:
        assert word in line


@pytest.fixture
def newer_software(next_revision: Upgradable) -> None:
    """Let the software have one more migration than it has."""
    next_revision("COMMENT ON SCHEMA ledger IS 'next'")


@pytest.fixture
def filled(ledger: Database) -> Database:
    """Return a ledger with rows in every group of tables, and a published release."""
    with ledger.engine().begin() as connection:
        ManyModels(connection)
    return ledger


def test_upgrade_makes_everything_and_then_nothing(
    empty_database: Database, starledger: Command
) -> None:
    url = address(empty_database)
    for _ in range(2):
        answer = starledger("--database", url, "db", "upgrade", "--json")
        assert answer.code == 0
        said = json.loads(answer.out)
        assert said["revision"] == HEAD
        assert said["state"] == "The database is up to date."
        assert empty_database.urls[Role.OWNER].database in said["database"]
    assert "up to date" in starledger("--database", url, "db", "upgrade").out


def test_current_of_an_empty_database(empty_database: Database, starledger: Command) -> None:
    answer = starledger("--database", address(empty_database), "db", "current", "--json")
    assert answer.code == 1
    said = json.loads(answer.out)
    assert (said["revision"], said["head"]) == (None, HEAD)
    assert "`starledger db upgrade`" in said["state"]


def test_current_at_the_head(ledger: Database, starledger: Command) -> None:
    answer = starledger("--database", address(ledger), "db", "current")
    assert answer.code == 0
    assert answer.out.splitlines()[0].split() == ["revision", HEAD]


def test_behind(ledger: Database, newer_software: None, starledger: Command) -> None:
    url = address(ledger)
    answer = starledger("--database", url, "db", "current", "--json")
    assert answer.code == 1
    assert json.loads(answer.out)["revision"] == HEAD
    assert json.loads(answer.out)["head"] == NEXT
    refused(starledger("--database", url, "status"), "older than this", "starledger db upgrade")
    # Nothing is published, so nobody is asked.
    assert starledger("--database", url, "db", "upgrade").code == 0
    assert starledger("--database", url, "db", "current").code == 0


def test_upgrade_asks_before_it_touches_a_published_release(
    filled: Database, newer_software: None, starledger: Command
) -> None:
    url = address(filled)
    refused(
        starledger("--database", url, "db", "upgrade"),
        "1 published release(s)",
        f"from {HEAD} to {NEXT}",
        "starledger db backup",
        "--yes",
    )
    assert comment(filled) is None
    answer = starledger("--database", url, "db", "upgrade", "--yes", "--json")
    assert answer.code == 0
    assert json.loads(answer.out)["revision"] == NEXT
    assert comment(filled) == "next"


def comment(database: Database) -> str | None:
    with database.engine().connect() as connection:
        said: str | None = connection.scalar(
            text("SELECT obj_description('ledger'::regnamespace, 'pg_namespace')")
        )
    return said


def test_ahead(ledger: Database, starledger: Command) -> None:
    with ledger.engine().begin() as connection:
        connection.execute(text("UPDATE ledger.schema_revision SET version_num = '9999'"))
    url = address(ledger)
    for command in (["db", "upgrade", "--yes"], ["db", "check"], ["status"]):
        refused(starledger("--database", url, *command), "newer Starledger", "9999")
    answer = starledger("--database", url, "db", "current")
    assert answer.code == 1
    assert "upgrade the software" in answer.out


def test_check_finds_no_difference(ledger: Database, starledger: Command) -> None:
    answer = starledger("--database", address(ledger), "db", "check", "--json")
    assert (answer.code, json.loads(answer.out)) == (0, [])
    assert "as this software declares it" in answer.err


def test_check_shows_what_differs(ledger: Database, starledger: Command) -> None:
    with ledger.engine().begin() as connection:
        connection.execute(text("ALTER TABLE ledger.star ADD COLUMN colour text"))
    answer = starledger("--database", address(ledger), "db", "check")
    assert answer.code == 1
    assert "remove_column" in answer.out
    assert "colour" in answer.out
    assert answer.err == ""


def test_check_of_an_empty_database(empty_database: Database, starledger: Command) -> None:
    answer = starledger("--database", address(empty_database), "db", "check")
    refused(answer, "starledger db upgrade")


@pytest.mark.parametrize("role", list(Role))
def test_url_can_be_used(role: Role, ledger: Database, starledger: Command) -> None:
    answer = starledger(
        "--database", address(ledger), "db", "url", "--role", role.name.lower(), "--show-password"
    )
    assert answer.code == 0
    with psycopg.connect(answer.out.strip()) as connection:
        user = connection.execute("SELECT session_user").fetchone()
    assert user == (ledger.urls[role].username,)


def test_url_hides_the_password_unless_asked(ledger: Database, starledger: Command) -> None:
    url = ledger.urls[Role.OWNER]
    with_password = url.set(password=url.password or "hushhush")
    given = with_password.render_as_string(hide_password=False)
    assert ":***@" in starledger("--database", given, "db", "url").out


def shell(database: Database, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `starledger db shell`, whose psql writes past what pytest captures."""
    program = [sys.executable, "-m", "starledger", "--database", address(database)]
    return subprocess.run(
        [*program, "db", "shell", *arguments], capture_output=True, text=True, check=False
    )


def test_shell_is_psql(ledger: Database) -> None:
    done = shell(ledger, "-At", "-c", "SELECT count(*) FROM ledger.run")
    assert (done.returncode, done.stdout) == (0, "0\n")


def test_shell_of_the_reader(ledger: Database) -> None:
    done = shell(ledger, "--role", "reader", "-c", "SELECT count(*) FROM ledger.run")
    assert done.returncode == 1
    assert "permission denied" in done.stderr


def test_an_interrupt_is_for_psql(ledger: Database) -> None:
    program = [sys.executable, "-m", "starledger", "--database", address(ledger)]
    with subprocess.Popen(
        [*program, "db", "shell", "-c", "SELECT pg_sleep(600)"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        with ledger.engine().connect() as connection:
            asleep = text(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event = 'PgSleep'"
            )
            while process.poll() is None and not connection.scalar(asleep):
                connection.rollback()
        # As a terminal does: to every process in the foreground.
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate()[1]
    assert "canceling statement due to user request" in said
    assert "Interrupted" not in said
    assert process.returncode == 1


def test_stop_leaves_other_servers_alone(ledger: Database, starledger: Command) -> None:
    refused(starledger("--database", address(ledger), "db", "stop"), "not ours to stop")


def test_stop_of_what_does_not_run(starledger: Command) -> None:
    answer = starledger("db", "stop")
    assert (answer.code, answer.out) == (0, "")
    assert "not running" in answer.err


def test_stop_waits_for_others_unless_forced(home: Path, starledger: Command) -> None:
    with EmbeddedServer(home) as other:
        refused(starledger("db", "stop"), "Other processes use the database", "--force")
        assert other.is_running()
        answer = starledger("db", "stop", "--force")
        assert answer.code == 0
        assert "has stopped" in answer.err
        assert not other.is_running()


def dumped(database: Database) -> list[str]:
    """Return the whole database as text."""
    url = database.urls[Role.OWNER]
    done = subprocess.run(
        [client_binaries(database).tool("pg_dump"), "--no-owner", dbname(url)],
        env=os.environ | password_environment(url),
        capture_output=True,
        text=True,
        check=True,
    )
    # These carry a random word.
    return [line for line in done.stdout.splitlines() if "restrict " not in line]


def restore(starledger: Command, database: Database, file: Path) -> Answer:
    """Run `starledger db restore` on a database."""
    return starledger("--database", address(database), "db", "restore", file)


def test_a_restored_backup_is_the_same_ledger(
    filled: Database, empty_database: Database, tmp_path: Path, starledger: Command
) -> None:
    with filled.engine().begin() as connection:
        connection.execute(text("CREATE SCHEMA dr1"))
        connection.execute(text("CREATE VIEW dr1.stars AS SELECT star_id FROM ledger.star"))
        connection.execute(text("GRANT USAGE ON SCHEMA dr1 TO starledger_reader"))
        connection.execute(text("GRANT SELECT ON dr1.stars TO starledger_reader"))
    file = tmp_path / "stars.backup"
    answer = starledger("--database", address(filled), "db", "backup", file)
    assert (answer.code, answer.out) == (0, "")
    assert str(file) in answer.err
    assert "shards" in answer.err
    assert [path.name for path in tmp_path.glob("stars*")] == ["stars.backup"]

    answer = restore(starledger, empty_database, file)
    assert answer.code == 0
    assert f"Restored revision {HEAD}. The database is up to date." in answer.err
    assert dumped(empty_database) == dumped(filled)
    with (
        pytest.raises(DBAPIError, match="its rows are never changed"),
        empty_database.engine().begin() as connection,
    ):
        connection.execute(text("DELETE FROM ledger.fit"))
    with empty_database.engine(Role.READER).connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM dr1.stars"))


def test_restore_keeps_what_is_there(
    ledger: Database, filled: Database, tmp_path: Path, starledger: Command
) -> None:
    file = tmp_path / "stars.backup"
    back_up(filled, file)
    before = dumped(ledger)
    refused(restore(starledger, ledger, file), "already holds a ledger", "--home")
    assert dumped(ledger) == before


def test_restore_is_all_or_nothing(
    filled: Database, empty_database: Database, tmp_path: Path, starledger: Command
) -> None:
    file = tmp_path / "stars.backup"
    back_up(filled, file)
    # The tables are made before the rows end too early.
    file.write_bytes(file.read_bytes()[:-100])
    refused(restore(starledger, empty_database, file), "pg_restore")
    with empty_database.engine().connect() as connection:
        assert connection.scalar(text("SELECT to_regnamespace('ledger')")) is None


@pytest.mark.parametrize(("content", "said"), [(None, "no backup"), (b"stars", "pg_restore")])
def test_restore_of_what_is_no_backup(
    content: bytes | None,
    said: str,
    empty_database: Database,
    tmp_path: Path,
    starledger: Command,
) -> None:
    file = tmp_path / "stars.backup"
    if content is not None:
        file.write_bytes(content)
    refused(restore(starledger, empty_database, file), said)


def test_backup_into_no_folder(ledger: Database, tmp_path: Path, starledger: Command) -> None:
    file = tmp_path / "none" / "stars.backup"
    answer = starledger("--database", address(ledger), "db", "backup", file)
    refused(answer, str(file.parent))


def test_a_backup_that_fails_leaves_the_last_one(
    ledger: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "stars.backup"
    file.write_text("the last one")
    with ledger.engine().connect():
        pass
    # pg_dump obeys PostgreSQL's own variables as our connection, made before, did: here one that
    # it cannot.
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "nonsense")
    with pytest.raises(DatabaseError, match="nonsense"):
        back_up(ledger, file)
    assert file.read_text() == "the last one"
    assert list(tmp_path.glob("*.part")) == []
