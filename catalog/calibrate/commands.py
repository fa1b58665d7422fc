"""`starledger calibrate`: show, compare, draw and try calibrations."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click

from starledger.catalog.calibrate.derive_commands import derive
from starledger.schema.console import (
    Exit,
    database_of,
    json_option,
    note,
    report,
    report_rows,
    say,
    settings_of,
)
from starledger.schema.migrate import require_head


@click.group()
def calibrate() -> None:
    """Derive corrections of labels and errors, look at them, and try them.

    A calibration is named; deriving it again makes its next version, if anything differs. Which
    versions a catalog applies is a matter of its release.
    """


calibrate.add_command(derive)


@calibrate.command(name="list")
@json_option
@click.pass_context
def list_all(context: click.Context, *, as_json: bool) -> None:
    """List all calibrations; the newest version of each is marked."""
    from starledger.catalog.calibrate.kept import all_of

    columns = ("name", "version", "newest", "model", "label", "corrects", "population", "form",
               "variables", "order", "description")  # fmt: skip
    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        rows = [
            [row.name, row.version, row.version == row.newest, row.model, row.label, row.corrects,
             row.population, row.form, ",".join(row.variables), row.application_order,
             row.description]
            for row in all_of(connection)
        ]  # fmt: skip
    report_rows(columns, rows, as_json=as_json)


@calibrate.command()
@click.argument("named", metavar="NAME[:VERSION]")
@json_option
@click.pass_context
def show(context: click.Context, named: str, *, as_json: bool) -> None:
    """Show a calibration: what it is, what its held-out sample showed, and its SQL."""
    from starledger.catalog.calibrate.chain import SNR
    from starledger.catalog.calibrate.expressions import steps
    from starledger.catalog.calibrate.forms import load
    from starledger.catalog.calibrate.kept import find

    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        row = find(connection, named)
        calibrations = load(connection, [row.calibration_id])
    labels = sorted({row.label, "teff", "logg", *row.variables} - {SNR})
    lines = [
        f"{step.column} = {step.sql}"
        for step in steps(labels, calibrations)
        if step.sql not in (f"raw_{step.column}", "false")
    ]
    if as_json:
        report({**row._mapping, "steps": lines}, as_json=True)
        return
    report(_shown(row), as_json=False)
    say("\nAs SQL, step by step:")
    for line in lines:
        say(f"  {line}")


def _shown(row: Any) -> dict[str, Any]:
    """Return what people want to know of a calibration, without its covariance."""
    left_out = {"coefficient_covariance", "model_id", "run_id"}
    return {name: value for name, value in row._mapping.items() if name not in left_out}


@calibrate.command()
@click.argument("one", metavar="NAME[:VERSION]")
@click.argument("other", metavar="NAME[:VERSION]")
@json_option
@click.pass_context
def diff(context: click.Context, one: str, other: str, *, as_json: bool) -> None:
    """Tell how two calibrations differ; the exit code is 1 if they do."""
    from starledger.catalog.calibrate.comparing import compare
    from starledger.catalog.calibrate.kept import find

    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        found = compare(find(connection, one), find(connection, other))
    if as_json:
        report(dataclasses.asdict(found), as_json=True)
    else:
        rows = [[name, *values] for name, values in found.columns.items()]
        report_rows(("column", one, other), rows, as_json=False)
        far = f"The largest difference of the corrections is {found.largest:.4g} at {found.at:.5g}"
        say(far + ("." if found.sigmas is None else f", {found.sigmas:.1f} standard errors."))
    if found.columns:
        context.exit(Exit.NOT_ALL)


@calibrate.command()
@click.argument("names", metavar="NAME[:VERSION]…", nargs=-1, required=True)
@click.option("--combination", type=int, required=True, help="The combination run.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write each star's labels before and after to this file, .csv or .parquet.",
)
@json_option
@click.pass_context
def apply(
    context: click.Context,
    names: tuple[str, ...],
    combination: int,
    out: Path | None,
    *,
    as_json: bool,
) -> None:
    """Tell what calibrations would change in the combinations of a run.

    Nothing is written to the ledger: a release applies calibrations in its views.
    """
    from starledger.catalog.calibrate.combined import combination_of
    from starledger.catalog.calibrate.forms import load
    from starledger.catalog.calibrate.kept import of_model
    from starledger.catalog.calibrate.previewing import preview

    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        run = combination_of(connection, combination)
        wanted = load(connection, of_model(connection, names, run.model_id))
        changes = preview(connection, run, wanted, out)
    columns = ("label", "stars", "changed", "held", "lost", "least", "mean", "greatest")
    rows = [[getattr(change, name) for name in columns] for change in changes]
    report_rows(columns, rows, as_json=as_json)
    if out is not None:
        note(f"The labels before and after are in {out}.")


@calibrate.command()
@click.argument("named", metavar="NAME[:VERSION]")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The file to write: .png, .pdf or .svg.",
)
@json_option
@click.pass_context
def plot(context: click.Context, named: str, out: Path, *, as_json: bool) -> None:
    """Draw the curve of a calibration with its error.

    The picture of the curve over its sample was drawn when it was derived; its path is shown, too.
    """
    from starledger.catalog.calibrate.figures import draw_curve
    from starledger.catalog.calibrate.kept import find

    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        row = find(connection, named)
    draw_curve(row, out)
    sample = None if row.figure is None else settings_of(context).settings.home / row.figure
    report({"name": row.name, "version": row.version, "picture": out, "with_sample": sample},
           as_json=as_json)  # fmt: skip
