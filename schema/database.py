"""The database: where it is, who connects to it, and what its errors mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from starledger.schema.embedded import EmbeddedServer
from starledger.schema.embedded.binaries import OLDEST_MAJOR
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
from starledger.schema.settings import Settings


@dataclass
class Database:
    """An open database: an address for each role, and connections made when first asked for.

    Parameters
    ----------
    urls
        The address for each role.
    server
        The embedded server, where it is the one behind the addresses.
    """

    urls: dict[Role, URL]
    server: EmbeddedServer | None = None
    _engines: dict[Role, Engine] = field(default_factory=dict)

    def engine(self, role: Role = Role.OWNER) -> Engine:
        """Return the pool of connections of a role, which logs in as itself."""
        if role not in self._engines:
            engine = create_engine(
                self.urls[role],
                connect_args={"application_name": f"starledger {role.name.lower()}"},
                pool_pre_ping=True,
            )
            event.listen(engine, "rollback", _let_go_of_what_is_stuck)
            if role is Role.WORKER:
                event.listen(engine, "connect", _wait_for_no_disk)
            self._engines[role] = engine
        return self._engines[role]

    @property
    def address(self) -> str:
        """The owner's address without its password, for people."""
        return self.urls[Role.OWNER].render_as_string(hide_password=True)

    def close(self) -> None:
        """Close every connection."""
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()


def _let_go_of_what_is_stuck(connection: Connection) -> None:
    """Close a connection that Ctrl-C left in the middle of a command, as it may in a COPY.

    It cannot be rolled back, and the error that says so would stand in front of the interrupt: the
    command would end as if it were our mistake. The server rolls back who goes away.
    """
    if connection.invalidated:
        return
    # What is detached from the pool has no other name for it.
    driver: object = connection.connection.dbapi_connection
    if (
        isinstance(driver, psycopg.Connection)
        and driver.info.transaction_status is TransactionStatus.ACTIVE
    ):
        driver.close()
        connection.invalidate()


def _wait_for_no_disk(connection: psycopg.Connection[object], _record: object) -> None:
    """Let commits return before they are on the disk.

    A crash of the server may undo a worker's last moment: the fits together with the end of their
    lease, or a claim, whose number therefore must never come again. The visits are then fitted once
    more; waiting would only cost time.
    """
    connection.execute("SET synchronous_commit = off")
    connection.commit()


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """Open the database of the settings: the named server's, or the embedded one.

    The embedded server runs for as long as any process has it open.

    Raises
    ------
    StarledgerError
        The server cannot be reached, refuses us or is too old; it says which and what to do.
    """
    if settings.database_url is None:
        with EmbeddedServer(settings.home) as server:
            urls = {role: server.url(role) for role in Role}
            yield from _opened(Database(urls, server))
    else:
        yield from _opened(Database(_server_urls(settings)))


def _opened(database: Database) -> Iterator[Database]:
    try:
        with explained(database.address):
            check_server(database.engine())
        yield database
    finally:
        database.close()


def server_major(engine: Engine) -> int:
    """Return the major version of the server."""
    with engine.connect() as connection:
        version = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
    return int(version) // 10_000


def check_server(engine: Engine) -> None:
    """Refuse a server that is older than we support."""
    major = server_major(engine)
    if major < OLDEST_MAJOR:
        raise ServerTooOld(
            f"The server runs PostgreSQL {major}; we need {OLDEST_MAJOR} or newer.",
            remedy="Upgrade the server, or unset STARLEDGER_DATABASE_URL to use the embedded one.",
        )


def _server_urls(settings: Settings) -> dict[Role, URL]:
    assert settings.database_url is not None  # noqa: S101 - the one caller has looked
    owner = parse_url(settings.database_url.get_secret_value(), "database_url")
    urls = {Role.OWNER: owner}
    for role, name in ((Role.WORKER, "worker_url"), (Role.READER, "reader_url")):
        given = getattr(settings, name)
        urls[role] = parse_url(given.get_secret_value(), name) if given else _as_role(owner, role)
    return urls


def _as_role(owner: URL, role: Role) -> URL:
    """Return the owner's address for a role, whose password is not the owner's."""
    if owner.username == role.value:
        return owner
    # `URL.set` takes None for what is to stay.
    return owner._replace(username=role.value, password=None)


def parse_url(text: str, setting: str) -> URL:
    """Return the address of a PostgreSQL database as SQLAlchemy understands it.

    Examples
    --------
    >>> parse_url("postgres://me@stars.example/survey", "database_url").drivername
    'postgresql+psycopg'
    """
    remedy = f"Set {setting} like postgresql://user:password@host:5432/database."
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise SettingsError(f"The setting {setting} is not an address.", remedy=remedy) from None
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise SettingsError(
            f"The setting {setting} names a {url.get_backend_name()} database, not PostgreSQL.",
            remedy=remedy,
        )
    if password := url.query.get("password"):
        # There it would not be hidden when the address is shown.
        url = url.difference_update_query(["password"]).set(password=str(password))
    return url.set(drivername="postgresql+psycopg")


@contextmanager
def explained(address: str) -> Iterator[None]:
    """Turn the database driver's errors that a user can put right into ours."""
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        ours = explanation(error, address)
        if ours is None:
            raise
        raise ours from error


def explanation(error: DBAPIError | psycopg.Error, address: str) -> StarledgerError | None:
    """Return what a driver's error means to a user, or None where it is our own mistake.

    It comes wrapped by SQLAlchemy, or bare from a COPY, which is the driver's own.
    """
    driver_error = error.orig if isinstance(error, DBAPIError) else error
    said = str(driver_error or error).strip().splitlines()[0]
    state = getattr(driver_error, "sqlstate", None)
    known: dict[str, tuple[type[StarledgerError], str]] = {
        "28P01": (WrongPassword, "Mend the password in the address or in ~/.pgpass."),
        "28000": (WrongPassword, "Mend the user in the address, or the server's pg_hba.conf."),
        "3D000": (Unreachable, "Create the database with createdb, or mend its name."),
        "42501": (NoRights, "Connect as the database's owner, or ask its administrator."),
        "53100": (DiskFull, "Free some space on the server's disk and run the command again."),
        "53300": (Unreachable, "Close other connections, or raise max_connections."),
        "57P01": (Unreachable, "The server was stopped; run the command again."),
        "57P03": (Unreachable, "The server is starting or stopping; run the command again."),
        "25006": (DatabaseError, "Name the primary server: this one is a read-only standby."),
    }
    if state in known:
        kind, remedy = known[state]
        return kind(f"The database {address} refuses: {said}.", remedy=remedy)
    # Without a state it was not the server that spoke.
    never_reached = state is None and isinstance(
        error, (OperationalError, psycopg.OperationalError)
    )
    if never_reached or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return _connection_error(said, address)
    return None


def _connection_error(said: str, address: str) -> StarledgerError:
    if any(words in said for words in ("password authentication failed", "no password supplied")):
        return WrongPassword(
            f"The database {address} refuses the user or the password.",
            remedy="Mend them in the address or in ~/.pgpass.",
        )
    if "pg_hba.conf" in said or ("role" in said and "does not exist" in said):
        return WrongPassword(
            f"The database {address} does not let this user in: {said}.",
            remedy="Mend the user in the address, or the server's pg_hba.conf.",
        )
    if "database" in said and "does not exist" in said:
        return Unreachable(
            f"There is no such database: {address}.",
            remedy="Create it with createdb, or mend its name.",
        )
    return Unreachable(
        f"The database {address} cannot be reached: {said}.",
        remedy="Check the address and that the server runs; `starledger doctor` looks further.",
    )
