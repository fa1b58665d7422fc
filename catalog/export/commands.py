"""`starledger export`: a release as files, and whether these still are what was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from starledger.catalog.export.formats import Format
from starledger.schema.console import (
    Exit,
    database_of,
    json_option,
    note,
    progress,
    report_rows,
)


class ReleaseOrCommand(click.Group):
    """A group whose first word is one of its commands or else the name of a release."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let options stand before the name of a release."""
        if args and args[0].startswith("-") and args[0] != "--help":
            args = ["release", *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take what is no command for a release's name."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["release", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=ReleaseOrCommand)
def export() -> None:
    """Write the views of a release into files: `starledger export dr1 --view star`.

    `starledger export RELEASE` is short for `starledger export release RELEASE`.
    """


@export.command()
@click.argument("name", metavar="RELEASE")
@click.option("--view", "views", multiple=True, help="A view; may be repeated. All, if not given.")
@click.option(
    "--format",
    "chosen",
    type=click.Choice([one.value for one in Format]),
    help="Of the files; else what the name of the file says, or fits.",
)
@click.option("--columns", help="Columns of the view, joined by commas.")
@click.option("--where", metavar="ADQL", help="Which rows of the view, as in a query.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="The file of one view, or the folder of several.",
)
@json_option
@click.pass_context
def release(
    context: click.Context,
    /,
    name: str,
    views: tuple[str, ...],
    chosen: str | None,
    columns: str | None,
    *,
    as_json: bool,
    **given: Any,
) -> None:
    """Write views of RELEASE into files, with a manifest of their checksums beside.

    One view becomes a file RELEASE.VIEW.fits, several a folder. A file is whole or not there, and
    the same release gives the same bytes.
    """
    from starledger.catalog.export.exporting import export as write_files
    from starledger.catalog.export.exporting import plan

    named = [one.strip() for one in columns.split(",")] if columns else []
    with database_of(context) as database:
        planned = plan(
            database,
            name,
            views=views,
            columns=named,
            format=Format(chosen) if chosen else None,
            **given,
        )
        if planned.release.withdrawn is not None:
            note(f"{name} was withdrawn: {planned.release.withdrawn}")
        with progress(f"Exporting {name}", planned.rows) as advance:
            exported = write_files(database, planned, advance)
    report_rows(
        ("file", "view", "rows", "bytes", "sha256"),
        [
            (str(one.path), one.selection.table.name, one.written.rows, one.written.bytes,
             one.written.sha256)
            for one in exported
        ],
        as_json=as_json,
    )  # fmt: skip


@export.command()
@click.argument("path", type=click.Path(path_type=Path))
@json_option
@click.pass_context
def verify(context: click.Context, path: Path, *, as_json: bool) -> None:
    """Tell whether exported files still are what their manifest says.

    PATH is a file, the folder of an export, or a manifest. The exit code is 1 if anything differs.
    """
    from starledger.catalog.export.manifest import verify as look

    found = look(path)
    report_rows(
        ("file", "problem"), [(str(one.path), one.problem) for one in found], as_json=as_json
    )
    broken = [one for one in found if one.problem is not None]
    if broken:
        note(f"{len(broken)} of {len(found)} files are not what was written.")
        context.exit(Exit.NOT_ALL)
