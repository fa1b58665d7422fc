"""`starledger ingest remote`: fetch a table of a remote service, and ingest it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import click

from starledger.ingest.remote.request import Request, wanted_of
from starledger.ingest.remote.services import SERVICES
from starledger.ingest.surveys import Release
from starledger.schema import migrate
from starledger.schema.console import (
    Exit,
    database_of,
    json_option,
    note,
    progress,
    report,
    settings_of,
)
from starledger.schema.database import Database

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


def _names(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Any:
    """Split names at the commas that are in no quotes."""
    return tuple(name.strip() for name in re.findall(r'(?:"[^"]*"|[^,"])+', value or ""))


@click.command()
@click.argument("service", type=click.Choice(list(SERVICES)))
@click.argument("survey")
@click.argument("release")
@click.option("--url", help="Address of the service: a mirror, or any TAP service.")
@click.option("--table", help="The table; for gaia the sources of RELEASE by default.")
@click.option("--columns", callback=_names, help="Columns, by commas; Gaia's have a default.")
@click.option("--key", help="A column of integers, by ranges of which the table is fetched.")
@click.option("--ra-column", help="Right ascension (ICRS, degrees) in the table.")
@click.option("--dec-column", help="Declination (ICRS, degrees) in the table.")
@click.option("--where", help="A further condition, in ADQL.")
@click.option("--ra", type=click.FloatRange(0, 360), help="Centre of a cone, in degrees.")
@click.option("--dec", type=click.FloatRange(-90, 90), help="Centre of a cone, in degrees.")
@click.option("--radius", type=click.FloatRange(0, 180, min_open=True), help="In degrees.")
@click.option("--ids", "ids_file", type=_FILE, help="A file with one identifier in each line.")
@click.option("--ids-of-ledger", is_flag=True, help="Gaia ids that what was ingested supplies.")
@click.option("--id-column", help="The column of the identifiers; the key by default.")
@click.option("--positions", "positions_file", type=_FILE, help="A CSV file with ra and dec.")
@click.option("--positions-of-ledger", is_flag=True, help="Positions of the ingested spectra.")
@click.option(
    "--within",
    type=click.FloatRange(0, 3600, min_open=True),
    default=3.0,
    show_default=True,
    help="How far from a position, in arcseconds.",
)
@click.option(
    "--chunk-rows",
    type=click.IntRange(1, 300_000),
    default=100_000,
    show_default=True,
    help="About how many rows a query and a file have.",
)
@click.option("--upload-rows", type=click.IntRange(0), help="Entries of a list sent as a table.")
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), help="A folder.")
@click.option("--refresh", is_flag=True, help="Fetch again what is there.")
@click.option(
    "--parallel",
    type=click.IntRange(1, 4),
    default=1,
    show_default=True,
    help="Queries at a time; services may turn away who asks too much.",
)
@click.option("--layout", help="Of the table, where its columns do not tell it.")
@click.option("--mapping", type=_FILE, help="A YAML file that says which column is what.")
@click.option("--fetch-only", is_flag=True, help="Leave the files, and ingest nothing.")
@click.option("--sync", is_flag=True, help="Ask without jobs, for services that have none.")
@click.option("--tries", type=click.IntRange(1), default=8, show_default=True, help="Of a piece.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=300.0,
    show_default=True,
    help="Seconds that the service may be silent.",
)
@json_option
@click.pass_context
def remote(
    context: click.Context,
    /,
    *,
    folder: Path | None,
    refresh: bool,
    parallel: int,
    sync: bool,
    tries: int,
    timeout: float,
    layout: str | None,
    mapping: Path | None,
    fetch_only: bool,
    as_json: bool,
    **asked: Any,
) -> None:
    """Fetch a table of a remote SERVICE into files, and ingest these as a catalog.

    SURVEY and RELEASE say what the rows belong to, such as gaia dr3. Without a cone, identifiers
    or positions, the whole table is fetched. The same command goes on where it was interrupted,
    and does nothing once all is there.

    Exit code 1 if rows were rejected; `starledger ingest rejects` shows them.
    """
    # astropy and pyarrow take a second to import, which `--help` need not wait for.
    from starledger.ingest.remote.download import download
    from starledger.ingest.remote.manner import Manner
    from starledger.ingest.remote.patience import Patience

    request = Request(**asked)
    with ExitStack() as stack:
        ledger = None
        if request.asks_ledger:
            ledger = stack.enter_context(database_of(context)).engine()
        wanted = wanted_of(request, ledger)
    home = settings_of(context).settings.home
    place = folder or home / "remote" / Path(*re.split("[/:]", str(wanted.release)))
    manner = Manner(
        "sync" if sync else "async", Patience(tries=tries, timeout_s=timeout), parallel, refresh
    )
    done = download(wanted, place, manner, tell=note, watch=partial(progress, wanted.table.name))
    answer: dict[str, Any] = {
        "release": str(wanted.release),
        "folder": str(done.folder),
        "rows": done.rows,
        "files": [str(file) for file in done.files] if as_json else len(done.files),
        "fetched": done.fetched,
        "kept": done.kept,
    }
    if not fetch_only:
        with database_of(context) as database:
            answer |= _ingested(database, wanted.release, done.files, layout, mapping)
    report(answer, as_json=as_json)
    if answer.get("n_rejected"):
        context.exit(Exit.NOT_ALL)


def _ingested(
    database: Database,
    release: Release,
    files: Sequence[Path],
    layout: str | None,
    mapping: Path | None,
) -> dict[str, Any]:
    """Ingest the files of a finished download, which are of one table, and tell what came of it."""
    from starledger.ingest.catalogs.described import layouts_with
    from starledger.ingest.catalogs.ingesting import ingest_catalog

    layouts, name = layouts_with(mapping, layout)
    with database.engine().connect() as connection:
        migrate.require_head(connection)
    (summary,) = ingest_catalog(
        database,
        release.survey,
        f"{release.name}/{release.version}",
        files,
        layout=name,
        layouts=layouts,
    )
    counts = ("n_read", "n_inserted", "n_new_version", "n_unchanged", "n_rejected")
    told = {name: getattr(summary, name) for name in ("run_id", *counts)}
    return {"release": summary.data_release, **told}
