"""`starledger stars`: which spectra are of which star."""

from __future__ import annotations

import click

from starledger.ingest.stars.assignment import assign_stars
from starledger.schema.console import database_of, json_option, report, waiting


@click.group()
def stars() -> None:
    """Assign spectra to stars."""


@stars.command()
@click.option(
    "--crossmatch",
    "crossmatch_runs",
    type=int,
    multiple=True,
    metavar="RUN",
    help="A crossmatch of spectra with Gaia to follow; may be given several times. Without it,"
    " the newest one of each data release of spectra with each of Gaia.",
)
@click.option(
    "--radius",
    type=float,
    default=3.0,
    show_default=True,
    metavar="ARCSEC",
    help="How near spectra without a Gaia source must be to be of one star.",
)
@json_option
@click.pass_context
def assign(
    context: click.Context, *, crossmatch_runs: tuple[int, ...], radius: float, as_json: bool
) -> None:
    """Assign every current spectrum to a star, in a new star run.

    A star is its Gaia source where there is one, else a group of spectra near each other. Stars
    keep their numbers from run to run; merges and splits are recorded.
    """
    with database_of(context) as database, waiting("Assigning spectra to stars"):
        summary = assign_stars(database, crossmatch_runs, radius)
    report(summary, as_json=as_json)
