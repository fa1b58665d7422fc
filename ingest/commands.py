"""`starledger ingest`: data releases come in, and what came in is accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, astuple, fields
from pathlib import Path

import click

from starledger.ingest import accounts
from starledger.ingest.catalogs.ingesting import CatalogSummary
from starledger.ingest.pixels.commands import spectra
from starledger.ingest.remote.commands import remote
from starledger.schema import migrate
from starledger.schema.console import (
    Exit,
    database_of,
    json_option,
    note,
    progress,
    report,
    report_rows,
    say,
)

SHOWN = (
    *("run_id", "data_release", "layout", "n_read", "n_inserted", "n_new_version"),
    *("n_unchanged", "n_rejected", "n_gone", "seconds"),
)
SHOWN_REPAIRS = 5


@click.group()
def ingest() -> None:
    """Bring data releases in: catalogs, spectra and tables of remote services."""


ingest.add_command(remote)
ingest.add_command(spectra)


@ingest.command()
@click.argument("survey")
@click.argument("release")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@click.option("--layout", help="The layout of the files, where their columns do not tell it.")
@click.option(
    "--mapping",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A YAML file that says which column is what, for a table that is not known.",
)
@click.option(
    "--complete",
    is_flag=True,
    help="The files are all of the catalog: rows of before that are in none of them are closed.",
)
@json_option
@click.pass_context
def catalog(
    context: click.Context,
    survey: str,
    release: str,
    files: Sequence[Path],
    *,
    layout: str | None,
    mapping: Path | None,
    complete: bool,
    as_json: bool,
) -> None:
    """Ingest the catalogs in FILES as those of SURVEY's data release RELEASE.

    RELEASE is written like dr5, or dr5/v3 with its version. Files are text (CSV, ECSV), FITS,
    Parquet or VOTable, gzipped or not; `starledger ingest formats` lists the catalogs. The same
    command again changes nothing; a changed row becomes a new version.

    Exit code 1 if rows or files were rejected; `starledger ingest rejects` shows them.
    """
    # Arrow takes a second to import, which `--help` need not wait for.
    from starledger.ingest.catalogs.described import layouts_with
    from starledger.ingest.catalogs.ingesting import ingest_catalog

    layouts, layout = layouts_with(mapping, layout)
    with database_of(context) as database, progress("rows") as advance:
        with database.engine().connect() as connection:
            migrate.require_head(connection)
        found = ingest_catalog(
            database,
            survey,
            release,
            files,
            layout=layout,
            layouts=layouts,
            complete=complete,
            advance=advance,
        )
    _tell(found, as_json=as_json)
    if any(one.n_rejected for one in found):
        note("`starledger ingest rejects RUN` shows what was rejected, and why.")
        context.exit(Exit.NOT_ALL)


def _tell(found: Sequence[CatalogSummary], *, as_json: bool) -> None:
    told = [asdict(one) for one in found]
    if as_json:
        report_rows(list(told[0]), [list(one.values()) for one in told], as_json=True)
    else:
        rows = [[one[name] for name in SHOWN] for one in told]
        report_rows([name.removeprefix("n_") for name in SHOWN], rows, as_json=False)
    for one in found:
        for path, reason in one.refused_files.items():
            note(f"{path}: {reason}")
        for reason, times in sorted(one.repaired.items(), key=lambda item: -item[1])[
            :SHOWN_REPAIRS
        ]:
            note(f"{one.layout}: {reason} ({times:,} times)")
        if one.same_as_run is not None:
            note(f"Run {one.same_as_run} read the very same files; nothing was to be done.")


@ingest.command()
@click.option("--last", default=20, show_default=True, help="How many runs to show.")
@json_option
@click.pass_context
def runs(context: click.Context, *, last: int, as_json: bool) -> None:
    """List the ingest runs, the newest first: what each read, and what became of it."""
    with database_of(context) as database, database.engine().connect() as connection:
        migrate.require_head(connection)
        found = accounts.ingest_runs(connection, last)
    columns = [one.name for one in fields(accounts.IngestAccount)]
    report_rows(columns, [list(astuple(one)) for one in found], as_json=as_json)


@ingest.command()
@click.argument("run", type=int, required=False)
@click.option("--limit", default=1000, show_default=True, help="Show at most so many.")
@json_option
@click.pass_context
def rejects(context: click.Context, *, run: int | None, limit: int, as_json: bool) -> None:
    """Show the rows and files that ingest run RUN rejected, and why; of the last one by default."""
    with database_of(context) as database, database.engine().connect() as connection:
        migrate.require_head(connection)
        found = accounts.rejected_rows(connection, run, limit)
    columns = [one.name for one in fields(accounts.Rejected)]
    report_rows(columns, [list(astuple(one)) for one in found], as_json=as_json)


@ingest.command()
@click.argument("release")
@click.argument("identifier")
@click.option("--as-of", type=int, metavar="RUN", help="What was known as of a run.")
@json_option
@click.pass_context
def show(
    context: click.Context, release: str, identifier: str, *, as_of: int | None, as_json: bool
) -> None:
    """Show what RELEASE, such as lamost/dr5:general, says of the survey's IDENTIFIER.

    Values that were replaced since are still there: --as-of shows them.
    """
    from starledger.ingest.showing import row_as_of

    with database_of(context) as database, database.engine().connect() as connection:
        migrate.require_head(connection)
        found = row_as_of(connection, release, identifier, as_of)
    if as_json:
        report({one.name: one.value for one in found}, as_json=True)
    else:
        rows = [[one.name, one.value, one.unit] for one in found]
        report_rows(["column", "value", "unit"], rows, as_json=False)


@ingest.command()
@json_option
def formats(*, as_json: bool) -> None:
    """List the layouts of files that are read, and on what each was checked.

    Anything else is refused by name; a table that is not listed comes in with --mapping.
    """
    from starledger.ingest.formats import Format
    from starledger.ingest.formats import formats as known

    columns = [one.name for one in fields(Format)]
    report_rows(columns, [list(astuple(one)) for one in known()], as_json=as_json)
    if not as_json:
        say("Any other table comes in with `starledger ingest catalog --mapping FILE.yaml`.")
