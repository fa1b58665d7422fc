"""`starledger model plot`: a picture of what a model knows."""

from __future__ import annotations

from pathlib import Path

import click

from starledger.schema.console import database_of, json_option, report, settings_of
from starledger.schema.migrate import require_head


@click.command()
@click.argument("name")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The file to write: .png, .pdf or .svg.",
)
@click.option("--between", help="First and last wavelength, vacuum, in Å: 15200,15300.")
@click.option("--labels", help="Whose gradients are drawn: teff,mg_fe. All by default.")
@json_option
@click.pass_context
def plot(
    context: click.Context,
    name: str,
    out: Path,
    between: str | None,
    labels: str | None,
    *,
    as_json: bool,
) -> None:
    """Draw spectra of the model NAME, and what each of its labels does to one of them."""
    from starledger.compute.models.registry import load_model
    from starledger.compute.plots import draw_model
    from starledger.compute.wavelength_range import wavelength_range

    ends = None if between is None else wavelength_range("--between", between)
    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        emulator = load_model(connection, settings_of(context).settings.model_root, name)
    names = [] if labels is None else [one.strip() for one in labels.split(",")]
    draw_model(emulator, out, ends, names)
    report({"name": name, "picture": out}, as_json=as_json)
