"""`starledger crossmatch`: which rows of one data release are the same sources as another's."""

from __future__ import annotations

import click

from starledger.ingest.crossmatch.matching import crossmatch as match
from starledger.ingest.crossmatch.ranking import BestRule
from starledger.ingest.crossmatch.sides import named_release
from starledger.schema.console import database_of, json_option, report, waiting


@click.command()
@click.argument("left")
@click.argument("right")
@click.option(
    "--radius",
    type=float,
    default=2.0,
    show_default=True,
    metavar="ARCSEC",
    help="How near a pair must be.",
)
@click.option(
    "--epoch",
    type=float,
    metavar="YEAR",
    help="The Julian year to which both sides are propagated; without it, that of the side"
    " whose rows have no proper motions.",
)
@click.option(
    "--best",
    type=click.Choice([rule.value for rule in BestRule]),
    default=BestRule.NEAREST.value,
    show_default=True,
    help="Which of several neighbours is the best, unless the survey supplied one.",
)
@json_option
@click.pass_context
def crossmatch(
    context: click.Context,
    left: str,
    right: str,
    *,
    radius: float,
    epoch: float | None,
    best: str,
    as_json: bool,
) -> None:
    """Find the neighbours of the rows of LEFT among those of RIGHT, and rank them.

    Each side is a data release, written like lamost/dr5:spectra or gaia/dr3; the product may be
    left out where there is only one. Every pair within the radius is kept, as are pairs whose
    Gaia identifier the survey supplied.
    """
    with database_of(context) as database:
        with database.engine().connect() as connection:
            here, there = (named_release(connection, name) for name in (left, right))
        with waiting(f"Matching {here} with {there}"):
            summary = match(database, here, there, radius, epoch, BestRule(best))
    report(summary, as_json=as_json)
