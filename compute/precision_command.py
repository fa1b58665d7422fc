"""`starledger model precision`: how precise the labels of a model can be."""

from __future__ import annotations

from math import isfinite
from pathlib import Path

import click

from starledger.schema.console import database_of, json_option, report_rows, settings_of
from starledger.schema.errors import StarledgerError
from starledger.schema.migrate import require_head

GRIDDED = ("teff", "logg", "fe_h")
"""Labels over which precision is tabulated."""
PARTS = (0.25, 0.5, 0.75)
"""Without values of the user: where in the range of each of them."""


@click.command()
@click.argument("name")
@click.option("--teff", help="Values of Teff in K: 4500,5500,6500.")
@click.option("--logg", help="Values of log g.")
@click.option("--fe-h", help="Values of [Fe/H].")
@click.option("--snr", default="30,100,300", show_default=True, help="Signal-to-noise ratios.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw it into a file as well (.png, .pdf, .svg).",
)
@json_option
@click.pass_context
def precision(
    context: click.Context,
    name: str,
    teff: str | None,
    logg: str | None,
    fe_h: str | None,
    snr: str,
    plot: Path | None,
    *,
    as_json: bool,
) -> None:
    """Tabulate the smallest errors that photons allow for the labels of the model NAME.

    These Cramér–Rao bounds hold where all labels and the radial velocity are fitted at once, with
    the model's own mask. Without values, three of each of Teff, log g and [Fe/H] are taken from the
    range of the model; other labels are solar. The signal-to-noise ratio is that of a pixel.
    """
    from starledger.compute.fitters.precision import tabulated
    from starledger.compute.models.registry import load_model

    given = {"teff": teff, "logg": logg, "fe_h": fe_h}
    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        emulator = load_model(connection, settings_of(context).settings.model_root, name)
    ranges = {
        label: (low, high)
        for label, low, high in zip(
            emulator.labels, emulator.low.tolist(), emulator.high.tolist(), strict=True
        )
    }
    at = {
        label: _values(label, given[label], *ranges[label]) for label in GRIDDED if label in ranges
    }
    table = tabulated(emulator, at, _numbers("--snr", snr), emulator.stored().tensors.get("mask"))
    if plot is not None:
        from starledger.compute.plots import draw_precision

        draw_precision(table, plot)
    columns = (*at, "snr", *(f"err_{one}" for one in emulator.labels), "err_rv")
    report_rows(columns, _rounded(table.rows(), as_json=as_json), as_json=as_json)


def _values(label: str, given: str | None, low: float, high: float) -> list[float]:
    if given is None:
        return [low + part * (high - low) for part in PARTS]
    values = _numbers(f"--{label.replace('_', '-')}", given)
    beyond = [value for value in values if not low <= value <= high]
    if beyond:
        raise StarledgerError(
            f"{label} = {beyond[0]:g} is outside the range of the model, {low:.6g} to {high:.6g}.",
            remedy="Ask for values inside it.",
        )
    return values


def _numbers(option: str, given: str) -> list[float]:
    try:
        values = [float(one) for one in given.split(",")]
    except ValueError:
        values = []
    if not values or not all(isfinite(value) for value in values):
        raise StarledgerError(
            f"{option} {given!r} is no list of numbers.", remedy=f"Write {option} 30,100,300."
        )
    if option == "--snr" and min(values) <= 0:
        raise StarledgerError(
            f"{option} {given!r}: such a ratio is positive.", remedy=f"Write {option} 30,100,300."
        )
    return values


def _rounded(rows: list[list[float]], *, as_json: bool) -> list[list[object]]:
    """Return rows with null where a bound does not exist, for a table with four digits."""
    known = [[value if isfinite(value) else None for value in row] for row in rows]
    if as_json:
        return [list(row) for row in known]
    return [[None if value is None else f"{value:.4g}" for value in row] for row in known]
