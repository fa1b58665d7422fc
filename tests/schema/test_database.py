from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from starledger.schema import database as module
from starledger.schema.database import (
    Database,
    check_server,
    explained,
    explanation,
    open_database,
    parse_url,
)
from starledger.schema.errors import (
    DatabaseError,
    DiskFull,
    NoRights,
    ServerTooOld,
    SettingsError,
    StarledgerError,
    Unreachable,
    WrongPassword,
)
from starledger.schema.roles import Role
from starledger.schema.settings import load_settings
from tests.conftest import Answer, Command, Server, address


def says(answer: Answer, *words: str) -> None:
    """Check that a command did nothing and said so in one line, with the remedy."""
    assert answer.code == 2
    assert answer.out == ""
    (line,) = answer.err.splitlines()
    assert line.startswith("Error: ")
    assert line.endswith(".")
    assert "hushhush" not in line
    for word in words:
        assert word in line


@pytest.fixture
def refusing_server() -> Iterator[Callable[[str, str], str]]:
    """Return how to have a server that refuses whoever comes, and its address."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        threads = []

        def begin(state: str, message: str) -> str:
            thread = threading.Thread(target=refuse, args=(listener, state, message), daemon=True)
            thread.start()
            threads.append(thread)
            port = listener.getsockname()[1]
            off = "sslmode=disable&gssencmode=disable"
            return f"postgresql://me:hushhush@127.0.0.1:{port}/stars?{off}"

        yield begin
        for thread in threads:
            thread.join()


def refuse(listener: socket.socket, state: str, message: str) -> None:
    """Answer one client's startup message as PostgreSQL does that lets nobody in."""
    client, _ = listener.accept()
    with client:
        (length,) = struct.unpack("!i", client.recv(4, socket.MSG_WAITALL))
        client.recv(length - 4, socket.MSG_WAITALL)
        fields = (b"SFATAL", b"VFATAL", b"C" + state.encode(), b"M" + message.encode())
        body = b"\0".join((*fields, b"\0"))
        client.sendall(b"E" + struct.pack("!i", len(body) + 4) + body)


@pytest.mark.parametrize(
    ("state", "message", "kind", "remedy"),
    [
        ("28P01", 'password authentication failed for user "me"', WrongPassword, ".pgpass"),
        ("28000", 'no pg_hba.conf entry for host "127.0.0.1"', WrongPassword, "pg_hba.conf"),
        ("28000", 'role "me" does not exist', WrongPassword, "user in the address"),
        ("3D000", 'database "stars" does not exist', Unreachable, "createdb"),
        ("53300", "sorry, too many clients already", Unreachable, "too many clients"),
        ("57P03", "the database system is starting up", Unreachable, "is starting up"),
    ],
)
def test_a_server_that_refuses_us(
    state: str,
    message: str,
    kind: type[StarledgerError],
    remedy: str,
    refusing_server: Callable[[str, str], str],
) -> None:
    settings = load_settings({"database_url": refusing_server(state, message)}).settings
    with pytest.raises(kind) as raised, open_database(settings):
        pass
    assert remedy in str(raised.value)
    assert "hushhush" not in str(raised.value)


def test_a_wrong_password_on_the_command_line(
    refusing_server: Callable[[str, str], str], starledger: Command
) -> None:
    url = refusing_server("28P01", 'password authentication failed for user "me"')
    answer = starledger("--database", url, "db", "current")
    says(answer, "me:***@127.0.0.1", "refuses the user or the password", "~/.pgpass")


def test_a_server_that_is_not_there(starledger: Command) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    url = f"postgresql://me:hushhush@127.0.0.1:{port}/stars"
    answer = starledger("--database", url, "db", "current")
    says(answer, f"me:***@127.0.0.1:{port}/stars", "cannot be reached", "starledger doctor")


def test_a_socket_that_is_not_there(starledger: Command, tmp_path: Path) -> None:
    url = f"postgresql://me@/stars?host={tmp_path}"
    says(starledger("--database", url, "db", "upgrade"), "cannot be reached")


def test_debug_shows_where_it_came_from(starledger: Command, tmp_path: Path) -> None:
    url = f"postgresql://me@/stars?host={tmp_path}"
    answer = starledger("--debug", "--database", url, "db", "upgrade")
    assert answer.code == 2
    assert "Traceback" in answer.err
    assert answer.err.splitlines()[-1].startswith("Error: The database")


@pytest.mark.parametrize(
    "url",
    [
        "stars",
        "mysql://me@h/stars",
        "postgresql://h:port/stars",
        "postgresql://[::1/stars",
        "sqlite:///stars.db",
    ],
)
def test_an_address_that_is_none(url: str, starledger: Command) -> None:
    says(starledger("--database", url, "db", "current"), "database_url", "postgresql://user")


@pytest.mark.parametrize("setting", ["worker_url", "reader_url"])
def test_the_addresses_of_the_others_are_looked_at_too(setting: str) -> None:
    given = {"database_url": "postgresql://me@h/s", setting: "stars"}
    with (
        pytest.raises(SettingsError, match=setting),
        open_database(load_settings(given).settings),
    ):
        pass


@pytest.mark.parametrize(
    "text",
    [
        "postgres://me:hushhush@h/s",
        "postgresql://me@h/s?password=hushhush",
        "postgresql+asyncpg://me:hushhush@h/s",
    ],
)
def test_passwords_are_kept_and_hidden(text: str) -> None:
    url = parse_url(text, "database_url")
    assert url.render_as_string(hide_password=False) == "postgresql+psycopg://me:hushhush@h/s"
    assert Database(dict.fromkeys(Role, url)).address == "postgresql+psycopg://me:***@h/s"


@pytest.mark.integration
def test_each_role_logs_in_as_itself(ledger: Database) -> None:
    settings = load_settings({"database_url": address(ledger)}).settings
    with open_database(settings) as database:
        names = {}
        for role in Role:
            with database.engine(role).connect() as connection:
                names[role] = connection.scalar(text("SELECT session_user"))
    assert names[Role.WORKER] == "starledger_worker"
    assert names[Role.READER] == "starledger_reader"
    assert names[Role.OWNER] == ledger.urls[Role.OWNER].username


@pytest.mark.integration
def test_worker_and_reader_may_have_addresses_of_their_own(ledger: Database) -> None:
    given = {
        "database_url": address(ledger),
        "worker_url": "postgresql://pool@w/s",
        "reader_url": "postgresql://web@r/s",
    }
    with open_database(load_settings(given).settings) as database:
        assert str(database.urls[Role.WORKER]) == "postgresql+psycopg://pool@w/s"
        assert str(database.urls[Role.READER]) == "postgresql+psycopg://web@r/s"


@pytest.mark.integration
def test_a_role_that_is_the_given_user_keeps_its_password(ledger: Database) -> None:
    url = ledger.urls[Role.READER].set(password="hushhush")
    settings = load_settings({"database_url": url.render_as_string(hide_password=False)}).settings
    with open_database(settings) as database:
        assert database.urls[Role.READER].password == "hushhush"
        assert database.urls[Role.WORKER].password is None


@pytest.mark.integration
def test_the_server_sees_who_we_are(ledger: Database) -> None:
    with ledger.engine(Role.WORKER).connect() as connection:
        assert connection.scalar(text("SHOW application_name")) == "starledger worker"


@pytest.mark.integration
def test_a_user_whom_the_server_does_not_know(ledger: Database, starledger: Command) -> None:
    url = ledger.urls[Role.OWNER].set(username="starledger_stranger", password="hushhush")
    given = url.render_as_string(hide_password=False)
    says(starledger("--database", given, "db", "current"), "user")


@pytest.mark.integration
def test_a_database_that_the_server_does_not_know(server: Server, starledger: Command) -> None:
    url = server.url("starledger_no_such").render_as_string(hide_password=False)
    answer = starledger("--database", url, "db", "current")
    says(answer, "There is no such database", "starledger_no_such", "createdb")


@pytest.mark.integration
def test_a_user_without_rights(empty_database: Database, starledger: Command) -> None:
    url = address(empty_database, Role.READER)
    answer = starledger("--database", url, "db", "upgrade")
    says(answer, "permission denied", "Connect as the database's owner")


@pytest.mark.integration
def test_a_server_that_is_too_old(
    ledger: Database, starledger: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OLDEST_MAJOR", 1000)
    with pytest.raises(ServerTooOld, match="we need 1000 or newer"):
        check_server(ledger.engine())
    says(starledger("--database", address(ledger), "status"), "Upgrade the server")


@pytest.mark.integration
@pytest.mark.parametrize(
    ("state", "kind", "remedy"),
    [
        ("25006", DatabaseError, "primary server"),
        ("42501", NoRights, "database's owner"),
        ("53100", DiskFull, "Free some space on the server's disk"),
        ("53300", Unreachable, "max_connections"),
    ],
)
def test_what_the_server_reports_later(
    state: str, kind: type[StarledgerError], remedy: str, empty_database: Database
) -> None:
    report = f"DO $$ BEGIN RAISE 'could not extend file' USING ERRCODE = '{state}'; END $$"
    with (
        pytest.raises(kind, match=remedy) as raised,
        explained(empty_database.address),
        empty_database.engine().connect() as connection,
    ):
        connection.execute(text(report))
    assert type(raised.value) is kind
    assert "could not extend file" in raised.value.what


@pytest.mark.integration
def test_a_connection_that_is_cut(empty_database: Database) -> None:
    with (
        pytest.raises(Unreachable, match="The server was stopped"),
        explained(empty_database.address),
        empty_database.engine().connect() as connection,
    ):
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


FULL = """
CREATE FUNCTION pg_temp.fill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE 'could not extend file' USING ERRCODE = '53100'; END $$;
CREATE TEMP TABLE copied (n bigint);
CREATE TRIGGER filled BEFORE INSERT ON copied FOR EACH ROW EXECUTE FUNCTION pg_temp.fill();
"""


@pytest.mark.integration
def test_what_the_server_reports_while_rows_are_copied(empty_database: Database) -> None:
    """Then the driver speaks by itself."""

    def copied() -> None:
        with (
            explained(empty_database.address),
            empty_database.engine().begin() as connection,
        ):
            connection.exec_driver_sql(FULL)
            driver = connection.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            with driver.cursor() as cursor, cursor.copy("COPY copied FROM STDIN") as copy:
                copy.write_row((1,))

    with pytest.raises(DiskFull, match="could not extend file"):
        copied()


@pytest.mark.integration
def test_an_interrupt_in_the_middle_of_a_command_comes_out(empty_database: Database) -> None:
    engine = empty_database.engine()

    def interrupted() -> None:
        with engine.begin() as connection:
            connection.execute(text("SELECT 1"))
            driver = connection.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            driver.pgconn.send_query(b"SELECT pg_sleep(600)")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT 1")) == 1


@pytest.mark.integration
def test_our_own_mistakes_are_not_explained_away(empty_database: Database) -> None:
    for mistake in ("SELECT nonsense", "SELECT 1 / 0"):
        with (
            pytest.raises(DBAPIError),
            explained(empty_database.address),
            empty_database.engine().connect() as connection,
        ):
            connection.execute(text(mistake))


@pytest.mark.integration
def test_a_mistake_that_never_reached_the_server_is_ours(empty_database: Database) -> None:
    with (
        pytest.raises(ProgrammingError) as raised,
        empty_database.engine().connect() as connection,
    ):
        connection.execute(text("SELECT :value"), {"value": object()})
    assert explanation(raised.value, empty_database.address) is None


@pytest.mark.integration
def test_closing_gives_back_every_connection(empty_database: Database) -> None:
    engine = empty_database.engine()
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
    empty_database.close()
    assert raw is not None
    assert raw.closed
    assert empty_database.engine() is not engine
