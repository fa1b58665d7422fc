"""`starledger release readme` and `starledger release cds`: a release as the CDS keeps catalogs."""

from __future__ import annotations

from pathlib import Path

import click

from starledger.schema.console import database_of, json_option, report, say, waiting
from starledger.schema.migrate import require_head

_tables = click.option(
    "--table",
    "tables",
    multiple=True,
    default=("star",),
    show_default=True,
    help="A table; may be repeated.",
)


@click.command()
@click.argument("name")
@_tables
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file; by default, stdout.",
)
@click.pass_context
def readme(context: click.Context, name: str, tables: tuple[str, ...], out: Path | None) -> None:
    """Write the ReadMe of the release NAME: what it is, byte by byte, as the CDS wants it."""
    from starledger.catalog.cds.files import layouts_of, write_readme
    from starledger.catalog.cds.readme import readme as text_of
    from starledger.catalog.releases.finding import find_release

    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        release = find_release(connection, name)
        layouts = layouts_of(connection, release, tables)
    if out is None:
        say(text_of(release, layouts).rstrip("\n"))
    else:
        write_readme(out, release, layouts)


@click.command()
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@_tables
@json_option
@click.pass_context
def cds(
    context: click.Context, name: str, folder: Path, tables: tuple[str, ...], *, as_json: bool
) -> None:
    """Write the release NAME into FOLDER as the CDS takes it: text tables and their ReadMe."""
    from starledger.catalog.cds.files import write_folder
    from starledger.catalog.releases.finding import find_release

    with (
        waiting("Writing the tables"),
        database_of(context) as database,
        database.engine().connect() as connection,
    ):
        require_head(connection)
        found = write_folder(connection, find_release(connection, name), tables, folder)
    report(
        {"folder": str(folder), "records": {one.file: one.records for one in found}},
        as_json=as_json,
    )
