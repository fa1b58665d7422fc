"""`starledger combine` and `starledger combination`: visits of stars brought together."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import click

from starledger.schema.console import (
    database_of,
    json_option,
    progress,
    report,
    report_rows,
    say,
    waiting,
)
from starledger.schema.migrate import require_head
from starledger.schema.tables.pixels import SPECTRUM_KINDS

if TYPE_CHECKING:
    from starledger.catalog.combine.settings import CombineSettings
    from starledger.catalog.combine.task import Choice


class _NumberOr(click.ParamType[int | float | str | None]):
    """A number, or a word that stands for none or for the default."""

    def __init__(self, number: type[int | float], *words: str) -> None:
        self.number = number
        self.words = words
        self.name = "|".join([number.__name__, *words])

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | float | str | None:
        """Return the number, or the word; None for ``none``."""
        if value in self.words or value is None:
            return None if value in {"none", None} else str(value)
        try:
            return self.number(value)
        except ValueError:
            self.fail(f"{value!r} is no number and none of {', '.join(self.words)}.", param, ctx)


@click.command()
@click.argument("model")
@click.option("--config", type=int, help="Of fits; by default that of the model's last fit run.")
@click.option("--kind", type=click.Choice(SPECTRUM_KINDS), help="Of spectrum.")
@click.option("--arm", help="Of the spectra.")
@click.option(
    "--quality",
    type=_NumberOr(int, "newest", "none"),
    default="newest",
    show_default=True,
    metavar="RUN|none",
    help="The quality run whose bad flags keep fits out.",
)
@click.option("--as-of", type=int, metavar="RUN", help="Look at the ledger as of this run.")
@click.option(
    "--estimator",
    type=click.Choice(["inverse-variance", "diagonal", "snr", "best"]),
    default="inverse-variance",
    show_default=True,
    help="Weights: the whole covariance, errors alone, S/N, or the visit of the highest S/N.",
)
@click.option(
    "--outliers",
    type=_NumberOr(float, "none"),
    default="5",
    show_default=True,
    metavar="SIGMAS|none",
    help="By how many robust sigmas a visit must deviate in a label to be left out.",
)
@click.option(
    "--min-visits",
    type=int,
    default=3,
    show_default=True,
    help="So many visits a star must have for outliers to be looked for, 3 or more.",
)
@click.option(
    "--min-snr", type=float, default=0.0, show_default=True, help="Leave out visits below this S/N."
)
@click.option(
    "--rv-floor",
    type=float,
    default=0.0,
    show_default=True,
    metavar="KM/S",
    help="Instability from night to night, added to errors when velocities are compared.",
)
@click.option("--full", is_flag=True, help="Combine all stars, and reuse no earlier run.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
@json_option
@click.pass_context
def combine(
    context: click.Context, /, model: str, *, full: bool, dry_run: bool, as_json: bool, **given: Any
) -> None:
    """Combine the visits of each star as MODEL fitted them, in a new run.

    Only stars whose usable fits changed since the last run of the same settings are combined; the
    rows of all others are reused. A run that was interrupted counts as failed, and none of its
    rows; run the command again.
    """
    from starledger.catalog.combine.combination import combine as combine_visits
    from starledger.catalog.combine.combination import outlook
    from starledger.catalog.combine.listing import details

    settings, choice = _settings(given), _choice(given)
    with database_of(context) as database:
        with database.engine().connect() as connection:
            require_head(connection)
        if dry_run:
            with waiting("Looking at visits"):
                found = outlook(database, model, settings, choice, full=full)
            report(found, as_json=as_json)
            return
        with progress("Combining visits") as advance:
            run = combine_visits(database, model, settings, choice, full=full, advance=advance)
        with database.engine().connect() as connection:
            summary = details(connection, run)["summary"]
    report({"run": run, **summary}, as_json=as_json)


def _settings(given: dict[str, Any]) -> CombineSettings:
    from starledger.catalog.combine.settings import CombineSettings, Estimator

    return CombineSettings(
        estimator=Estimator(given["estimator"]),
        outlier_sigmas=given["outliers"],
        outlier_min_visits=given["min_visits"],
        min_snr=given["min_snr"],
        rv_floor=given["rv_floor"],
    )


def _choice(given: dict[str, Any]) -> Choice:
    from starledger.catalog.combine.task import Choice

    return Choice(
        fit_config_id=given["config"],
        kind=given["kind"],
        arm=given["arm"],
        quality=given["quality"],
        as_of=given["as_of"],
    )


@click.group()
def combination() -> None:
    """Look at combination runs."""


@combination.command(name="list")
@json_option
@click.pass_context
def list_runs(context: click.Context, *, as_json: bool) -> None:
    """List all combination runs."""
    from starledger.catalog.combine.listing import CombinationStanding, combinations

    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        found = combinations(connection)
    columns = [one.name for one in fields(CombinationStanding)]
    rows = [[getattr(one, name) for name in columns] for one in found]
    report_rows(columns, rows, as_json=as_json)


@combination.command()
@click.argument("run", type=int)
@json_option
@click.pass_context
def show(context: click.Context, run: int, *, as_json: bool) -> None:
    """Show what RUN was about, its settings, the fit runs it used, and what it counted."""
    from starledger.catalog.combine.listing import combinations, details

    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        more = details(connection, run)
        (about,) = combinations(connection, run)
    if as_json:
        say(json.dumps({**asdict(about), **more}, default=str, indent=2))
        return
    report(asdict(about) | {"fit_runs": more["fit_runs"]}, as_json=False)
    for title in ("settings", "summary"):
        report_rows(("name", title), list(more[title].items()), as_json=False)
