"""`starledger quality`: judge the fits of a model as a sample, and see who raises which flag."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from starledger.schema.console import (
    database_of,
    json_option,
    note,
    progress,
    report,
    report_rows,
    say,
    settings_of,
)
from starledger.schema.migrate import require_head

if TYPE_CHECKING:
    from starledger.catalog.quality.facts import Facts
    from starledger.catalog.quality.judging import Judgement


@click.group()
def quality() -> None:
    """Judge fits by what their whole sample shows, and list all flags."""


@quality.command()
@click.argument("model")
@click.option("--config", type=int, help="Number of the fit_config; by default the last one run.")
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change a threshold, such as gradcorr=0.6; may be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Judge, tell what would be found, write nothing.")
@json_option
@click.pass_context
def run(
    context: click.Context,
    model: str,
    config: int | None,
    thresholds: tuple[str, ...],
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Judge all current fits of MODEL in a quality run.

    The sample is seen twice: once to learn what is typical, once to judge. If nothing is new since
    the last run, none is made, and that one is shown.
    """
    from starledger.catalog.quality.judging import QualitySettings, judgement, trial
    from starledger.catalog.quality.thresholds import Thresholds

    given = Thresholds.given(thresholds)
    with database_of(context) as database, progress("Fits and stars seen and judged") as advance:
        settings = QualitySettings(
            model_root=settings_of(context).settings.model_root,
            config=config,
            thresholds=given,
            advance=advance,
        )
        found = (trial if dry_run else judgement)(database, model, settings)
    if not found.new:
        note(f"Nothing is new since run {found.run_id}, which has judged the very same.")
    _report(found, as_json=as_json)


def _report(found: Judgement, *, as_json: bool) -> None:
    if as_json:
        report(asdict(found), as_json=True)
        return
    said = found.tally["said"]
    report(
        {
            "run": found.run_id,
            "new": found.new,
            "fits": found.fits,
            "stars": found.stars,
            "fits_something_is_said_of": said.get("fit", 0),
            "stars_something_is_said_of": said.get("star", 0),
            "definition": found.definition_sha256,
        },
        as_json=False,
    )
    _report_tally(found.tally, found.without)


def _report_tally(tally: Mapping[str, Any], without: Mapping[str, str]) -> None:
    rows = [
        [*key.split("."), number, _in_labels(tally, key)] for key, number in tally["raised"].items()
    ]
    report_rows(("scope", "flag", "raised", "labels"), rows, as_json=False)
    for rule, lack in without.items():
        note(f"No data for {rule}: {lack}.")


def _in_labels(tally: Mapping[str, Any], key: str) -> str:
    scope, name = key.split(".")
    counts = tally["labels"].get(name, {}) if scope == "label" else {}
    return ", ".join(f"{label} {number}" for label, number in counts.items())


@quality.command()
@click.argument("model", required=False)
@click.option("--config", type=int, help="Number of the fit_config; by default the last one run.")
@json_option
@click.pass_context
def flags(context: click.Context, model: str | None, config: int | None, *, as_json: bool) -> None:
    """List every flag: scope, bit, severity, who raises it, and what it says.

    With the name of a MODEL, rules that lack something of it say what.
    """
    from starledger.catalog.quality.producers import Produced, producers

    facts = None if model is None else _facts(context, model, config)
    columns = [field.name for field in fields(Produced)]
    rows = [[getattr(one, name) for name in columns] for one in producers(facts)]
    report_rows(columns, rows, as_json=as_json)


def _facts(context: click.Context, model: str, config: int | None) -> Facts:
    from starledger.catalog.quality.judging import QualitySettings, facts_now

    root = settings_of(context).settings.model_root
    with database_of(context) as database:
        return facts_now(database, model, QualitySettings(model_root=root, config=config))


@quality.command()
@click.argument("run_id", metavar="RUN", type=int)
@json_option
@click.pass_context
def show(context: click.Context, run_id: int, *, as_json: bool) -> None:
    """Show what the quality run RUN found: counts of flags, bins, medians, polynomials."""
    from starledger.catalog.quality.shown import shown

    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        found = shown(connection, run_id)
    if as_json:
        report(asdict(found), as_json=True)
        return
    about = ("run", "model", "fit_config", "as_of_run", "outcome", "definition_sha256")
    report({name: getattr(found, name) for name in about}, as_json=False)
    if found.summary:
        _report_tally(found.summary, found.summary["without"])
    say(json.dumps(found.definition, indent=2, ensure_ascii=False))


@quality.command()
@click.argument("model")
@click.option("--processes", type=click.IntRange(min=1), default=1, help="That share the work.")
@click.pass_context
def references(context: click.Context, model: str, processes: int) -> None:
    """Synthesize the gradient spectra of reference stars with which those of MODEL are compared.

    It takes some minutes, once for a model; later quality runs find them.
    """
    from starledger.catalog.quality.reference_gradients import (
        find_references,
        instrument_of,
        make_references,
        n_spectra,
    )
    from starledger.compute.models.registry import find_model, load_model

    root: Path = settings_of(context).settings.model_root
    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        found = find_model(connection, model)
        instrument = instrument_of(connection, found.model_id)
        emulator = load_model(connection, root, model)
    if find_references(root, found.sha256) is not None:
        note(f"They are there already for {found.name}.")
        return
    with progress("Spectra synthesized", n_spectra(emulator)) as advance:
        made = make_references(root, found.sha256, emulator, instrument, advance, processes)
    report({"model": found.name, "labels": ", ".join(made.names)}, as_json=False)
