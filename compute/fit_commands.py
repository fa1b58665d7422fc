"""`starledger fit`: plan and run fits, see where they stand, and what became of visits."""

from __future__ import annotations

import dataclasses
import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from starledger.schema.console import (
    Exit,
    database_of,
    json_option,
    note,
    report,
    report_rows,
    say,
    settings_of,
    waiting,
)
from starledger.schema.migrate import require_head

if TYPE_CHECKING:
    from types import FrameType

    from starledger.compute.work.campaign import Campaign
    from starledger.compute.work.recipe import Recipe
    from starledger.compute.work.standing import RunStanding
    from starledger.schema.database import Database


class FitGroup(click.Group):
    """A group in which the name of a model stands for fitting with it."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take what is no command for a model's name."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["model", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=FitGroup, subcommand_metavar="MODEL [OPTIONS] | COMMAND [ARGS]…")
def fit() -> None:
    """Fit visits with a model, or look after such runs.

    `starledger fit MODEL` plans all visits that the model can fit and has not fitted yet, and fits
    them; `starledger fit model --help` shows its options. Run it again to go on after an
    interruption.
    """


@fit.command(name="model")
@click.argument("name")
@click.option("--where", help="A condition in SQL on the columns of the spectrum: 'snr > 30'.")
@click.option("--release", help="Only of this data release: dr5, or dr5:v3 with its version.")
@click.option("--kind", type=click.Choice(["exposure", "visit", "coadd"]), help="Of spectrum.")
@click.option(
    "--ids",
    type=click.File(),
    help="Only visits whose numbers in ledger.spectrum this file lists; - reads stdin.",
)
@click.option("--limit", type=click.IntRange(min=0), help="At most so many.")
@click.option("--dry-run", is_flag=True, help="Only tell how many visits that would be.")
@click.option("--continuum", help="How spectra are normalised, where the model does not say it.")
@click.option(
    "--continuum-pixels",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file (.npz) that is True at the pixels of the model that are continuum.",
)
@click.option(
    "--rv-range",
    type=click.FloatRange(min=0),
    default=300.0,
    show_default=True,
    help="Velocities are fitted between minus and plus this in km/s; 0 for spectra at rest.",
)
@click.option("--emulator-error", is_flag=True, help="Add the model's own error to the pixels'.")
@click.option(
    "--free-width",
    is_flag=True,
    help="Fit how wide lines are, too, where fibres or nights differ in it.",
)
@click.option("--no-covariance", is_flag=True, help="Keep errors only: a fit takes a third.")
@click.option("--workers", help="How many: 4, or 2-8 for as many as there is work for.")
@click.option("--threads", type=click.IntRange(min=1), help="That each computes with on a CPU.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), help="By default a GPU if there is.")
@click.option("--scheduler", metavar="ADDRESS", help="Of a Dask scheduler, or its file (.json).")
@click.option("--prometheus", type=int, metavar="PORT", help="Tell Prometheus how it goes.")
@json_option
@click.pass_context
def fit_model(
    context: click.Context, /, name: str, *, dry_run: bool, as_json: bool, **given: Any
) -> None:
    """Fit visits with the model NAME.

    Visits that the model has fitted in the same way, or that wait for it, are not planned again.
    Ctrl-C ends the batches under way, writes them, and says how to go on. The exit code is 0 if all
    that was planned is fitted, 1 if something was set aside.
    """
    from starledger.compute.models.fit_configs import ensure_fit_config
    from starledger.compute.models.registry import find_model
    from starledger.compute.work.planning import open_fit_runs, plan

    with database_of(context) as database:
        with database.engine().connect() as connection:
            require_head(connection)
            model = find_model(connection, name)
        recipe = _recipe(settings_of(context).settings.model_root, model, given)
        with waiting("Planning"), database.engine().begin() as connection:
            config = ensure_fit_config(connection, recipe.settings())
            found = plan(connection, model.model_id, config, _selection(given), dry_run=dry_run)
            runs = [] if dry_run else open_fit_runs(connection, model.model_id, config)
        counts = dataclasses.asdict(found)
        if dry_run:
            del counts["fit_run_id"]
            report(counts, as_json=as_json)
            return
        note(
            f"{found.selected:,} visits selected: {found.fitted:,} fitted already,"
            f" {found.waiting:,} planned before, {found.planned:,} planned now."
        )
        ended = _fitted(context, database, runs, given)
        report_rows(
            _COLUMNS,
            [[getattr(one, column) for column in _COLUMNS] for one in ended],
            as_json=as_json,
        )
    _exit_truly(context, name, ended)


_COLUMNS = ("run", "model", "planned", "good", "flagged", "failed", "aside", "leased", "pending")


def _exit_truly(context: click.Context, name: str, ended: list[RunStanding]) -> None:
    left, aside = sum(one.waiting for one in ended), sum(one.aside for one in ended)
    if left:
        note(f"{left:,} visits wait; nothing is lost. Run the same command again to go on.")
        context.exit(Exit.INTERRUPTED)
    if aside:
        note(
            f"{aside:,} visits were set aside: `starledger fit aside {name}` says why, and"
            " `starledger fit retry` lets them be tried again."
        )
        context.exit(Exit.NOT_ALL)


def _recipe(root: Path, model: Any, given: dict[str, Any]) -> Recipe:
    from starledger.compute.models.registry import read_registered
    from starledger.compute.work.recipe import Recipe, continuum_of, read_pixels

    said = read_registered(root, model).configuration.get("normalisation")
    chosen = continuum_of(model.name, said, given["continuum"])
    path = given["continuum_pixels"]
    return Recipe(
        continuum=chosen,
        continuum_pixels=() if path is None else read_pixels(path),
        rv_range=given["rv_range"] or None,
        emulator_error=given["emulator_error"],
        free_width=given["free_width"],
        covariance=not given["no_covariance"],
    )


def _selection(given: dict[str, Any]) -> Any:
    from starledger.compute.work.planning import BadSelection, Selection

    ids = None
    if given["ids"] is not None:
        words = given["ids"].read().split()
        bad = next((word for word in words if not word.isdecimal()), None)
        if bad is not None:
            raise BadSelection(
                f"{bad!r} is no number of a visit.", remedy="List numbers of ledger.spectrum."
            )
        ids = [int(word) for word in words]
    return Selection(
        where=given["where"],
        data_release=given["release"],
        kind=given["kind"],
        spectrum_ids=ids,
        limit=given["limit"],
    )


def _fitted(
    context: click.Context, database: Database, runs: list[int], given: dict[str, Any]
) -> list[RunStanding]:
    """Bring open runs to their end, the oldest first, and return where they stand."""
    from starledger.compute.work.campaign import Campaign
    from starledger.compute.work.clusters import client_of, wanted
    from starledger.compute.work.display import showing
    from starledger.compute.work.metrics import telling
    from starledger.compute.work.standing import standings

    with database.engine().connect() as connection:
        standing = standings(connection, runs)
    if not any(one.waiting for one in standing):
        return standing
    settings = settings_of(context).settings
    if given["scheduler"]:
        settings = settings.model_copy(update={"scheduler": given["scheduler"]})
    workers = wanted(given["device"], given["workers"], given["threads"])
    ended = []
    with telling(given["prometheus"]) as tell, client_of(settings, workers) as client:
        note(f"The dashboard of the workers is at {client.dashboard_link}.")
        for number in runs:
            with showing() as show:

                def watch(now: RunStanding, show: Any = show) -> None:
                    show(now)
                    tell(now)

                campaign = Campaign(database, client, settings, workers, number, watch)
                with _draining_on_interrupt(campaign):
                    ended.append(campaign.run())
            if campaign.draining.is_set() and ended[-1].waiting:
                break
    return ended


@contextmanager
def _draining_on_interrupt(campaign: Campaign) -> Iterator[None]:
    """Let the first Ctrl-C, or a SIGTERM, drain the campaign; a second one interrupts."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def drain(number: int, _frame: FrameType | None) -> None:
        note("Finishing the batches under way; press Ctrl-C again to leave them.")
        campaign.drain()
        signal.signal(number, signal.default_int_handler)

    before = {number: signal.signal(number, drain) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@fit.command()
@click.argument("run", type=int, required=False)
@json_option
@click.pass_context
def status(context: click.Context, run: int | None, *, as_json: bool) -> None:
    """Tell where fit runs stand: RUN, or all that are open and the last of the others."""
    from starledger.compute.work.standing import next_attempt, standings

    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        found = standings(connection, None if run is None else [run])
        again = {one.run: next_attempt(connection, one.run) for one in found if one.waiting}
    if as_json:
        say(json.dumps([dataclasses.asdict(one) for one in found], default=str, indent=2))
        return
    columns = (*_COLUMNS, "outcome", "selection")
    report_rows(columns, [[getattr(one, c) for c in columns] for one in found], as_json=False)
    for one in found:
        if one.workers and (run is not None or one.outcome == "open"):
            rows = [[w.worker, w.device, w.fitted, round(w.seconds, 1), w.last_at, w.holds]
                    for w in one.workers]  # fmt: skip
            report_rows(
                ("worker", "device", "fitted", "seconds", "last", "holds"),
                rows,
                as_json=False,
                title=f"Workers of run {one.run}",
            )
    for number, when in again.items():
        if when is not None:
            note(f"Run {number}: what failed is tried again from {when:%Y-%m-%d %H:%M:%S %Z} on.")


@fit.command()
@click.argument("model", required=False)
@click.option("--visit", help="Only this one: its number, or the survey's identifier.")
@json_option
@click.pass_context
def retry(context: click.Context, model: str | None, visit: str | None, *, as_json: bool) -> None:
    """Let visits be tried again that were set aside, of MODEL or of all.

    `starledger fit MODEL` then fits them.
    """
    from starledger.compute.work.explaining import retry as let_wait

    with database_of(context) as database, database.engine().begin() as connection:
        require_head(connection)
        report(
            {"waiting_again": let_wait(connection, _number_of(connection, model), visit)},
            as_json=as_json,
        )


@fit.command()
@click.argument("model", required=False)
@click.option("--limit", default=100, show_default=True, help="At most so many.")
@json_option
@click.pass_context
def aside(context: click.Context, model: str | None, limit: int, *, as_json: bool) -> None:
    """List visits that were set aside after three attempts, and why, of MODEL or of all.

    `starledger fit explain VISIT` shows the whole error.
    """
    from starledger.compute.work.explaining import aside as set_aside

    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        found = set_aside(connection, _number_of(connection, model), limit)
    columns = ("run", "model", "visit", "spectrum_id", "error")
    rows = [
        [one.fit_run_id, one.model, one.external_id, one.spectrum_id,
         one.said if as_json else (one.said or "").splitlines()[-1]]
        for one in found
    ]  # fmt: skip
    report_rows(columns, rows, as_json=as_json)


@fit.command()
@click.argument("visit")
@json_option
@click.pass_context
def explain(context: click.Context, visit: str, *, as_json: bool) -> None:
    """Tell what became of VISIT with each model: fitted, waiting, or set aside, and why.

    VISIT is its number in the ledger, or the survey's identifier.
    """
    from starledger.compute.work.explaining import fates

    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        found = fates(connection, visit)
    if not found:
        note("No run has planned it.")
    for one in found:
        report(dataclasses.asdict(one), as_json=as_json)


def _number_of(connection: Any, model: str | None) -> int | None:
    from starledger.compute.models.registry import find_model

    return None if model is None else find_model(connection, model).model_id
