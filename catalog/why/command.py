"""`starledger why`: the chain behind a value of a release."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click
from rich.console import Console

from starledger.schema.console import PLAIN_WIDTH, database_of, json_option, report
from starledger.schema.migrate import require_head


@click.command()
@click.argument("star")
@click.argument("label", required=False)
@click.option("--release", "name", help="The release; by default the newest one.")
@json_option
@click.pass_context
def why(
    context: click.Context, star: str, label: str | None, name: str | None, *, as_json: bool
) -> None:
    """Tell how the LABEL of STAR came about, or all its labels: from a release back to files.

    STAR is its number, a Gaia source_id, its starid, or a survey's identifier of a spectrum.
    """
    from starledger.catalog.releases.finding import find_release
    from starledger.catalog.why.chain import why as explain
    from starledger.catalog.why.tree import tree

    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        found = explain(connection, find_release(connection, name), star, label)
    if as_json:
        report(asdict(found), as_json=True)
        return
    console = Console(file=sys.stdout)
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    console.print(tree(found))
