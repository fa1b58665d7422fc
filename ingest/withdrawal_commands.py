"""`starledger withdraw`: take back spectra and data releases, or restore them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click

from starledger.ingest.surveys import Release
from starledger.ingest.withdrawals import (
    Action,
    Withdrawn,
    change_data_release,
    change_spectra,
    spectra_named,
)
from starledger.schema.console import database_of, json_option, report


@click.group()
def withdraw() -> None:
    """Take spectra or data releases back, from now on; what was published stays."""


def _change_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that every withdrawal has."""
    options = (
        click.option("--reason", required=True, help="Why, for those who used it."),
        click.option("--restore", is_flag=True, help="Take a withdrawal back."),
        json_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


def _action(*, restore: bool) -> Action:
    return "restored" if restore else "withdrawn"


@withdraw.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option(
    "--of",
    metavar="SURVEY/RELEASE",
    help="The IDs are the survey's own, such as LAMOST's obsid; without it they are spectrum_ids.",
)
@_change_options
@click.pass_context
def visit(
    context: click.Context,
    ids: tuple[str, ...],
    of: str | None,
    reason: str,
    *,
    restore: bool,
    as_json: bool,
) -> None:
    """Take back spectra by their IDs: spectrum_ids, or with --of the survey's own.

    An identifier of the survey means all versions that the ledger holds of the spectrum.
    """
    with database_of(context) as database:
        engine = database.engine()
        if of is None:
            numbers = [_number(one) for one in ids]
        else:
            with engine.connect() as connection:
                numbers = spectra_named(connection, Release.parse_whole(of, "spectra"), ids)
        done = change_spectra(engine, numbers, reason, _action(restore=restore))
    _tell(done, as_json=as_json)


def _number(one: str) -> int:
    if not (one.isascii() and one.isdigit() and int(one) < 2**63):
        raise click.BadParameter(
            f"{one!r} is no spectrum_id; for the survey's own identifiers add --of SURVEY/RELEASE."
        )
    return int(one)


@withdraw.command(name="data-release")
@click.argument("survey")
@click.argument("release")
@click.option(
    "--product",
    default="spectra",
    show_default=True,
    help="Which of its products: spectra, or a catalog's name.",
)
@_change_options
@click.pass_context
def data_release(
    context: click.Context,
    survey: str,
    release: str,
    product: str,
    reason: str,
    *,
    restore: bool,
    as_json: bool,
) -> None:
    """Take back a product of the data release RELEASE (dr5, or dr5/v3) of SURVEY."""
    with database_of(context) as database:
        whole = Release.parse(survey, release, product)
        done = change_data_release(database.engine(), whole, reason, _action(restore=restore))
    _tell(done, as_json=as_json)


def _tell(done: Withdrawn, *, as_json: bool) -> None:
    report(asdict(done), as_json=as_json)
