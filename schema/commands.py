"""`starledger db`: the database's schema, address, shell, backups and server."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from starledger.schema import backup, migrate
from starledger.schema.console import (
    Exit,
    database_of,
    json_option,
    note,
    report,
    report_rows,
    say,
    settings_of,
)
from starledger.schema.embedded import EmbeddedServer
from starledger.schema.errors import DatabaseError
from starledger.schema.roles import Role

ROLES = {role.name.lower(): role for role in Role}


@click.group()
def db() -> None:
    """Look after the database: its schema, address, backups and server."""


@db.command()
@click.option("--yes", is_flag=True, help="Migrate even if the database holds published releases.")
@json_option
@click.pass_context
def upgrade(context: click.Context, *, yes: bool, as_json: bool) -> None:
    """Bring the database to the schema of this software.

    On an empty database this makes everything. The embedded server is started if need be.
    """
    with database_of(context) as database:
        state = migrate.upgrade(database.engine(), agreed=yes)
        report(
            {
                "database": database.address,
                "revision": state.current,
                "state": state.standing.value,
            },
            as_json=as_json,
        )


@db.command()
@json_option
@click.pass_context
def current(context: click.Context, *, as_json: bool) -> None:
    """Show the revision of the database and how it stands to this software.

    Exit code 1 if it is not up to date.
    """
    with database_of(context) as database, database.engine().connect() as connection:
        state = migrate.schema_state(connection)
    report(
        {"revision": state.current, "head": state.head, "state": state.standing.value},
        as_json=as_json,
    )
    if state.standing is not migrate.Standing.AT_HEAD:
        context.exit(Exit.NOT_ALL)


@db.command()
@json_option
@click.pass_context
def check(context: click.Context, *, as_json: bool) -> None:
    """Compare the database with the tables that this software declares.

    Exit code 1 if they differ.
    """
    with database_of(context) as database, database.engine().connect() as connection:
        migrate.require_head(connection)
        found = migrate.differences(connection)
    report_rows(["difference"], [[str(difference)] for difference in found], as_json=as_json)
    if found:
        context.exit(Exit.NOT_ALL)
    note("The database is as this software declares it.")


@db.command()
@click.option(
    "--role",
    type=click.Choice(list(ROLES)),
    default="owner",
    show_default=True,
    help="Who is to connect.",
)
@click.option("--show-password", is_flag=True, help="Print the password in clear.")
@click.pass_context
def url(context: click.Context, *, role: str, show_password: bool) -> None:
    """Print the address of the database, for other programs.

    The embedded server runs only while a command has it open; keep it with `starledger db shell`.
    """
    with database_of(context) as database:
        address = database.urls[ROLES[role]].set(drivername="postgresql")
    say(address.render_as_string(hide_password=not show_password))


@db.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--role",
    type=click.Choice(list(ROLES)),
    default="owner",
    show_default=True,
    help="Who is to connect.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PSQL ARGUMENTS]...")
@click.pass_context
def shell(context: click.Context, *, role: str, arguments: tuple[str, ...]) -> None:
    """Open psql on the database; what follows is passed on to it (-c 'SELECT 1').

    The exit code is psql's.
    """
    with database_of(context) as database, _interrupts_left_to_psql():
        address = database.urls[ROLES[role]]
        psql = backup.client_binaries(database).tool("psql")
        done = subprocess.run(
            [psql, backup.dbname(address), *arguments],
            env=os.environ | backup.password_environment(address),
            check=False,
        )
    context.exit(done.returncode)


@contextmanager
def _interrupts_left_to_psql() -> Iterator[None]:
    # Ctrl-C reaches us too, while psql only cancels a query. Unlike SIG_IGN a handler is not
    # inherited by psql.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@db.command()
@click.option("--force", is_flag=True, help="Stop it even if other processes use it.")
@click.pass_context
def stop(context: click.Context, *, force: bool) -> None:
    """Stop the embedded server; it stops by itself when its last user has gone."""
    settings = settings_of(context).settings
    if settings.database_url is not None:
        raise DatabaseError(
            "The database is on a server that is not ours to stop.",
            remedy="Ask the server's administrator.",
        )
    server = EmbeddedServer(settings.home)
    if not server.is_running():
        note("The embedded server is not running.")
        return
    server.stop(force=force)
    note("The embedded server has stopped.")


@db.command(name="backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_context
def backup_command(context: click.Context, *, file: Path) -> None:
    """Write the whole database into FILE, while others may go on working.

    Shards and models are files beside the database: copy their folders too.
    """
    with database_of(context) as database:
        backup.back_up(database, file)
    settings = settings_of(context).settings
    note(f"Wrote {file}. Copy the folders {settings.shard_root} and {settings.model_root} with it.")


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_context
def restore(context: click.Context, *, file: Path) -> None:
    """Fill an empty database from the backup FILE, all of it or nothing."""
    with database_of(context) as database:
        backup.restore(database, file)
        with database.engine().connect() as connection:
            state = migrate.schema_state(connection)
    note(f"Restored revision {state.current}. {state.standing.value}")
