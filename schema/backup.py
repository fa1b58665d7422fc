"""Backup and restore of the database, by PostgreSQL's own programs.

The files of shards and models are not in the database: copy their folders beside the backup.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from sqlalchemy import URL, text

from starledger.schema.database import Database, server_major
from starledger.schema.embedded.binaries import Binaries, find_binaries
from starledger.schema.errors import DatabaseError, DiskFull, FolderError, StarledgerError
from starledger.schema.roles import Role, ensure_login_roles
from starledger.schema.tables import SCHEMA


def back_up(database: Database, file: Path) -> None:
    """Write the whole database into a file, which appears only when it is complete.

    Parameters
    ----------
    database
        The database, read in one snapshot while others may go on writing.
    file
        The file to write, in pg_dump's custom format; an existing one is replaced.
    """
    if not file.parent.is_dir():
        raise FolderError(f"There is no folder {file.parent}.", remedy="Make it, or name another.")
    beside = file.with_name(file.name + ".part")
    try:
        _run(
            database,
            "pg_dump",
            [
                "--format=custom",
                "--no-owner",
                f"--file={beside}",
                dbname(database.urls[Role.OWNER]),
            ],
        )
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)


def restore(database: Database, file: Path) -> None:
    """Fill an empty database from a backup, all of it or nothing.

    Raises
    ------
    DatabaseError
        The database already holds a ledger, or the file is not a backup.
    """
    if not file.is_file():
        raise StarledgerError(f"There is no backup {file}.", remedy="Mend the name of the file.")
    engine = database.engine()
    with engine.begin() as connection:
        if connection.scalar(text("SELECT to_regnamespace(:name)"), {"name": SCHEMA}) is not None:
            raise DatabaseError(
                f"The database {database.address} already holds a ledger.",
                remedy="Restore into an empty database: name one with --database or --home.",
            )
        ensure_login_roles(connection)
    _run(
        database,
        "pg_restore",
        [
            "--no-owner",
            "--single-transaction",
            "--exit-on-error",
            f"--dbname={dbname(database.urls[Role.OWNER])}",
            str(file),
        ],
    )


def dbname(url: URL) -> str:
    """Return an address as PostgreSQL's programs take it, without the password.

    Examples
    --------
    >>> from sqlalchemy import make_url
    >>> dbname(make_url("postgresql+psycopg://me:secret@stars.example/survey"))
    'postgresql://me@stars.example/survey'
    """
    plain = URL.create(
        "postgresql",
        username=url.username,
        host=url.host,
        port=url.port,
        database=url.database,
        query=url.query,
    )
    return plain.render_as_string(hide_password=False)


def password_environment(url: URL) -> dict[str, str]:
    """Return the variable that hands the password over, out of sight of ``ps``."""
    return {"PGPASSWORD": str(url.password)} if url.password else {}


def client_binaries(database: Database) -> Binaries:
    """Return the programs to use with a database: of its server's version, if they are here.

    A newer pg_restore sets options that an older server does not know.
    """
    if database.server:
        return database.server.binaries
    try:
        return find_binaries(major=server_major(database.engine()))
    except FolderError:
        return find_binaries()


def _run(database: Database, program: str, arguments: list[str]) -> None:
    tool = client_binaries(database).folder / program
    url = database.urls[Role.OWNER]
    environment = os.environ | {"LC_ALL": "C"} | password_environment(url)
    done = subprocess.run(
        [tool, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return
    said = done.stderr.strip().splitlines()[0] if done.stderr.strip() else "no message"
    if "No space left on device" in done.stderr:
        raise DiskFull(f"The disk is full: {said}.", remedy="Free some space and run it again.")
    raise DatabaseError(f"{program} failed: {said}.", remedy="Mend what it names, run it again.")
