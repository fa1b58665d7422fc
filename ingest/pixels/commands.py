"""`starledger ingest spectra`: the files of a survey's spectra into shards and the ledger."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import click

from starledger.schema.console import (
    Exit,
    database_of,
    json_option,
    note,
    progress,
    report,
    settings_of,
)
from starledger.schema.migrate import require_head


@click.command()
@click.argument("survey")
@click.argument("release")
@click.argument(
    "sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DIR|LIST|FILE..."
)
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=os.cpu_count() or 1,
    show_default="one a core",
    help="How many processes read files.",
)
@json_option
@click.pass_context
def spectra(
    context: click.Context,
    survey: str,
    release: str,
    sources: tuple[Path, ...],
    processes: int,
    *,
    as_json: bool,
) -> None:
    """Ingest the spectra of the data release RELEASE (dr5, or dr5/v3) of SURVEY.

    They are read from all files below a folder, from the files that a text file LIST names line
    by line, or from files. What has not changed since the last time is not read again. After an
    interruption the same command goes on.

    Exit code 1 if a file or a spectrum was refused; `starledger ingest rejects` tells why.
    """
    # The readers take a moment to import, which `--help` need not wait for.
    from starledger.ingest.pixels.spectra_run import ingest_spectra

    with database_of(context) as database:
        with database.engine().connect() as connection:
            require_head(connection)
        done = ingest_spectra(
            database,
            settings_of(context).settings.shard_root,
            survey,
            release,
            sources,
            processes=processes,
            progress=progress,
        )
    report(asdict(done), as_json=as_json)
    if done.went_on:
        note(f"This went on with run {done.run_id}, which was interrupted before.")
    if done.n_rejected:
        context.exit(Exit.NOT_ALL)
