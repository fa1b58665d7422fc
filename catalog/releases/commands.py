"""`starledger release`: draft, preview, publish, verify, compare and withdraw catalogs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from starledger.catalog.cds.commands import cds, readme
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
    from pathlib import Path

    from starledger.catalog.releases.differing import Change
    from starledger.catalog.releases.draft import Draft
    from starledger.catalog.releases.publishing import Previewed

SHOWN_CHANGES = 20


@click.group()
def release() -> None:
    """Publish catalogs that never change: SQL views over what the ledger pins.

    `create` keeps a draft, `preview` shows what it would be, `publish` makes it for good.
    """


release.add_command(readme)
release.add_command(cds)


def _home(context: click.Context) -> Path:
    return settings_of(context).settings.home


@release.command()
@click.argument("name")
@click.option("--model", "models", multiple=True, required=True, help="A model; may be repeated.")
@click.option(
    "--combination",
    "combinations",
    multiple=True,
    required=True,
    type=int,
    help="The combination run of each model.",
)
@click.option("--quality", multiple=True, type=int, help="A quality run, in place of the one used.")
@click.option("--crossmatch", multiple=True, type=int, help="A crossmatch run.")
@click.option("--calibration", multiple=True, metavar="NAME[:VERSION]", help="To be applied.")
@click.option(
    "--recommend",
    multiple=True,
    metavar="LABEL=MODEL",
    help="Whose label is recommended, where several models give it.",
)
@click.option("--title", required=True, help="Its name in print.")
@click.option("--licence", required=True, help="The terms of its use, such as CC BY 4.0.")
@click.option("--citation", help="How to cite it.")
@click.option("--doi", help="Its digital object identifier.")
@click.option("--description", default="", help="What it holds and how it is meant to be used.")
@json_option
@click.pass_context
def create(context: click.Context, /, name: str, *, as_json: bool, **given: Any) -> None:
    """Check what the release NAME shall be made of, and keep it as a draft.

    Nothing is published. The quality runs that the combinations used, and the crossmatch behind the
    stars' Gaia identifiers, come by themselves. A draft of the same name is replaced.
    """
    from starledger.catalog.releases.checking import calibration_ids, check
    from starledger.catalog.releases.draft import Draft, keep_draft

    recommended = dict(_pair(one) for one in given.pop("recommend"))
    named = given.pop("calibration")
    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        draft = Draft(
            name=name,
            recommended=recommended,
            calibrations=calibration_ids(connection, named),
            **given,
        )
        plan = check(connection, draft)
    path = keep_draft(_home(context), draft)
    report(
        {
            "draft": str(path),
            "models": ", ".join(part.name for part in plan.parts),
            "labels": ", ".join(f"{label}={model}" for label, model in plan.recommended.items()),
            "pinned_runs": ", ".join(map(str, plan.runs)),
        },
        as_json=as_json,
    )


def _pair(given: str) -> tuple[str, str]:
    label, equals, model = given.partition("=")
    if not (label and equals and model):
        raise click.BadParameter(f"{given!r} is not LABEL=MODEL.", param_hint="--recommend")
    return label, model


@release.command()
@click.argument("name")
@json_option
@click.pass_context
def preview(context: click.Context, name: str, *, as_json: bool) -> None:
    """Show what publishing the draft NAME would make: SQL, counts and a few rows of each view."""
    from starledger.catalog.releases.publishing import preview as look

    draft = _draft(context, name)
    with database_of(context) as database, waiting("Making the views"):
        found = look(database.engine(), draft)
    if as_json:
        report({"views": [asdict(one) for one in found]}, as_json=True)
        return
    for one in found:
        _show_view(f"{name}.{one.name}", one)


def _show_view(name: str, view: Previewed) -> None:
    """Print the text of a view, and a few rows of it side by side."""
    text = "-- Its rows stand in its text." if view.literal else f"{view.definition};"
    say(f"-- {name}: {view.rows:,} rows\n{text}\n")
    numbers = [str(number) for number in range(1, len(view.sample) + 1)]
    rows = [[column, *values] for column, *values in zip(view.columns, *view.sample, strict=True)]
    report_rows(("column", *numbers), rows, as_json=False)


@release.command()
@click.argument("name")
@click.option("--materialise", is_flag=True, help="Store copies too, with indexes, for speed.")
@json_option
@click.pass_context
def publish(context: click.Context, name: str, *, materialise: bool, as_json: bool) -> None:
    """Publish the draft NAME: for good.

    Views, pins, counts and checksums are written in one transaction, or nothing is.
    """
    from starledger.catalog.releases.draft import forget_draft
    from starledger.catalog.releases.publishing import publish as make

    draft = _draft(context, name)
    with database_of(context) as database, waiting("Publishing"):
        done = make(database.engine(), draft, materialise=materialise)
    forget_draft(_home(context), name)
    report(asdict(done), as_json=as_json)


def _draft(context: click.Context, name: str) -> Draft:
    from starledger.catalog.releases.draft import read_draft

    return read_draft(_home(context), name)


@release.command()
@click.argument("name")
@json_option
@click.pass_context
def verify(context: click.Context, name: str, *, as_json: bool) -> None:
    """Tell whether the release NAME is what was published, down to the last bit.

    Its pins, the text of its views, what they answer, and the rows of the ledger that they read.
    The exit code is 1 if anything differs; the output names the table or view.
    """
    from starledger.catalog.releases.verifying import verify as look

    with database_of(context) as database, database.engine().connect() as connection:
        with waiting("Verifying"):
            found = look(connection, name)
        connection.rollback()
    broken = [one for one in found if one.problem is not None]
    shown = found if as_json else broken
    if as_json or broken:
        report_rows(
            ("subject", "problem"), [(one.subject, one.problem) for one in shown], as_json=as_json
        )
    if broken:
        note(f"{name} is not what was published: {len(broken)} of {len(found)} checks fail.")
        context.exit(Exit.NOT_ALL)
    note(f"{name} holds: {len(found)} checks.")


@release.command()
@click.argument("name")
@json_option
@click.pass_context
def show(context: click.Context, name: str, *, as_json: bool) -> None:
    """Show the release NAME: what it is made of and what it holds; --json gives its manifest."""
    from starledger.catalog.releases.finding import find_release

    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        found = find_release(connection, name)
    if as_json:
        report(found.manifest, as_json=True)
        return
    said = found.manifest
    report(
        {
            "name": found.name,
            "title": found.title,
            "published_at": found.published_at,
            "withdrawn": found.withdrawn,
            "licence": found.licence,
            "citation": found.citation,
            "doi": found.doi,
            "software": ", ".join(f"{one} {of}" for one, of in said["software"].items()),
            "labels": ", ".join(f"{one}={of}" for one, of in said["recommended"].items()),
            "pins": "; ".join(f"{kind} {numbers}" for kind, numbers in said["pins"].items()),
            "manifest_sha256": found.manifest_sha256,
        },
        as_json=False,
    )
    rows = [
        (view, about["rows"], about["materialised"], about["checksum"])
        for view, about in said["views"].items()
    ]
    report_rows(("view", "rows", "copied", "checksum"), rows, as_json=False)


@release.command()
@click.argument("before")
@click.argument("after")
@click.option(
    "--sigma",
    type=click.FloatRange(min=0),
    default=3.0,
    show_default=True,
    help="Labels that moved by more than so many errors of both, added in quadrature.",
)
@json_option
@click.pass_context
def diff(context: click.Context, before: str, after: str, sigma: float, *, as_json: bool) -> None:
    """Tell which stars appeared, vanished, moved or changed flags from BEFORE to AFTER.

    A label is gained or lost where only one of the two has it. With --json every change is
    printed; otherwise the first few, and how many there are. The exit code is 1 if there are any.
    """
    from starledger.catalog.releases.differing import Difference, changes
    from starledger.catalog.releases.finding import find_release

    counted = Difference()
    shown: list[list[Any]] = []
    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        first, second = (find_release(connection, name) for name in (before, after))
        found = _counting(changes(connection, first, second, sigma), counted)
        if as_json:
            _stream(found)
        else:
            shown = [list(asdict(one).values()) for one in islice(found, SHOWN_CHANGES)]
            for _ in found:
                pass
    summary = {**counted.n_changes, **counted.by_label}
    if as_json:
        say(f'], "counts": {json.dumps(summary)}}}')
    elif shown:
        columns = ("star_id", "starid", "change", "label", "before", "after", "sigma")
        report_rows(columns, shown, as_json=False)
        report_rows(("change", "number"), list(summary.items()), as_json=False)
    if counted.n_changes:
        context.exit(Exit.NOT_ALL)


def _counting(found: Iterator[Change], counted: Any) -> Iterator[Change]:
    for one in found:
        counted.count(one)
        yield one


def _stream(found: Iterator[Change]) -> None:
    """Print changes as the beginning of a JSON document, one at a time."""
    say('{"changes": [')
    for number, one in enumerate(found):
        say((", " if number else "  ") + json.dumps(asdict(one)))


@release.command(name="list")
@json_option
@click.pass_context
def list_(context: click.Context, *, as_json: bool) -> None:
    """List what was published, what was withdrawn, and the drafts."""
    from starledger.catalog.releases.draft import drafted
    from starledger.catalog.releases.finding import releases

    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        found = releases(connection)
    published = {one.name for one in found}
    rows: list[tuple[Any, ...]] = [
        (
            one.name,
            "published" if one.withdrawn is None else f"withdrawn: {one.withdrawn}",
            one.title,
            one.published_at,
            one.manifest.get("views", {}).get("star", {}).get("rows"),
        )
        for one in found
    ]
    rows += [
        (name, "draft", None, None, None)
        for name in drafted(_home(context))
        if name not in published
    ]
    report_rows(("name", "state", "title", "published_at", "stars"), rows, as_json=as_json)


@release.command()
@click.argument("name")
@click.option("--reason", required=True, help="Why, for those who used it.")
@json_option
@click.pass_context
def withdraw(context: click.Context, name: str, reason: str, *, as_json: bool) -> None:
    """Take the release NAME back: a row says so; its views stay, for those who used them."""
    from starledger.catalog.releases.withdrawing import withdraw as take_back

    with database_of(context) as database:
        with database.engine().connect() as connection:
            require_head(connection)
        run = take_back(database.engine(), name, reason)
    report({"withdrawn": name, "run_id": run}, as_json=as_json)
