"""What the tests share: a PostgreSQL server, databases on it, and the command line.

The server is the embedded one, or that of STARLEDGER_DATABASE_URL, whose user must be allowed to
create databases and roles.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import URL, Engine, create_engine, text

from starledger.__main__ import main
from starledger.schema import migrate
from starledger.schema.database import Database, parse_url
from starledger.schema.embedded import EmbeddedServer
from starledger.schema.roles import Role, ensure_login_roles

SERVER_URL = os.environ.get("STARLEDGER_DATABASE_URL")

# No test fails because a machine is slow.
hypothesis.settings.register_profile("unhurried", hypothesis.settings.default, deadline=None)
hypothesis.settings.load_profile("unhurried")


@pytest.fixture(scope="session", autouse=True)
def _default_signals() -> None:
    """Let programs that tests start hear signals that whoever started the tests ignores."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


@pytest.fixture(scope="session")
def _outside_settings() -> Iterator[None]:
    """Keep the user's own settings away from the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("STARLEDGER_")]:
            if name != "STARLEDGER_REAL_DATA":
                patch.delenv(name)
        yield


@pytest.fixture(autouse=True)
def home(
    _outside_settings: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Give every test a home and a configuration folder of its own."""
    monkeypatch.setenv("STARLEDGER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STARLEDGER_CONFIG", str(tmp_path / "config" / "config.toml"))
    home = tmp_path / "home"
    yield home
    # Root's temporary folders are closed to the server, whose data then lie elsewhere.
    if (home / "postgres").is_symlink():
        shutil.rmtree((home / "postgres").resolve(), ignore_errors=True)


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server for tests: who may do everything, and who owns databases."""

    admin: Engine
    owner: URL

    def url(self, database: str, role: Role = Role.OWNER) -> URL:
        """Return the address of a database for a role."""
        url = self.owner.set(database=database)
        return url if role is Role.OWNER else url.set(username=role.value)

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[Database]:
        """Make a database for a while."""
        name = f"starledger_test_{uuid.uuid4().hex[:12]}"
        owner = self.owner.username
        with self.admin.connect() as connection:
            connection.execute(text(f'CREATE DATABASE {name} TEMPLATE {template} OWNER "{owner}"'))
        database = Database({role: self.url(name, role) for role in Role})
        try:
            yield database
        finally:
            database.close()
            with self.admin.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return the server that the tests use."""
    if SERVER_URL:
        owner = parse_url(SERVER_URL, "database_url")
        yield from _server(owner, owner)
        return
    base = tmp_path_factory.getbasetemp()
    # Workers of one test run share the server, as processes of one user do.
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    # The server's own user must be able to enter its home: root's temporary folders are closed.
    home = Path(tempfile.gettempdir(), "starledger-" + "-".join(shared.parts[-2:]))
    home.mkdir(mode=0o755, exist_ok=True)
    embedded = EmbeddedServer(home)
    with embedded:
        yield from _server(embedded.url("postgres", "postgres"), embedded.url())
    if not embedded.is_running():
        shutil.rmtree(embedded.socket_folder, ignore_errors=True)
        shutil.rmtree(home)


def _server(admin: URL, owner: URL) -> Iterator[Server]:
    engine = create_engine(admin, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(1)"))
        ensure_login_roles(connection)
        connection.execute(text("SELECT pg_advisory_unlock(1)"))
    yield Server(engine, owner)
    engine.dispose()


@pytest.fixture(scope="session")
def upgraded(server: Server) -> Iterator[str]:
    """Return the name of a database at the newest revision, for others to be copied from."""
    with server.database() as database:
        migrate.upgrade(database.engine())
        database.close()
        name = database.urls[Role.OWNER].database
        assert name is not None
        yield name


@pytest.fixture
def ledger(server: Server, upgraded: str) -> Iterator[Database]:
    """Return a fresh database at the newest revision."""
    with server.database(upgraded) as database:
        yield database


@pytest.fixture
def empty_database(server: Server) -> Iterator[Database]:
    """Return a fresh database without any of our tables."""
    with server.database() as database:
        yield database


def address(database: Database, role: Role = Role.OWNER) -> str:
    """Return a database's address with its password, as ``--database`` takes it."""
    return database.urls[role].render_as_string(hide_password=False)


@dataclass(frozen=True)
class Answer:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


Command = Callable[..., Answer]


@pytest.fixture
def starledger(capsys: pytest.CaptureFixture[str]) -> Command:
    """Return the command line, run in this process."""

    def run(*arguments: str | Path) -> Answer:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        code = ended.value.code
        return Answer(code if isinstance(code, int) else 0, said.out, said.err)

    return run


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"needs {name}")
        pytest.skip(f"needs {name}; with CI in the environment the test fails without it")
    return found


@pytest.fixture
def fitsverify() -> str:
    """Return the path of the program that checks files of FITS."""
    return _program("fitsverify")


@pytest.fixture
def stilts() -> str:
    """Return the path of the program that reads tables of astronomy."""
    return _program("stilts")
