"""`starledger model`: models come into the registry, are shown, and go out as files."""

from __future__ import annotations

from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import click

from starledger.compute.train_command import train
from starledger.schema.console import (
    database_of,
    json_option,
    report,
    report_rows,
    say,
    settings_of,
)
from starledger.schema.errors import StarledgerError
from starledger.schema.labels import label
from starledger.schema.migrate import require_head

if TYPE_CHECKING:
    from starledger.compute.models.systems import StorableEmulator

LISTED = ("name", "system", "sha256", "labels", "description")
SHA256_SHOWN = 12
GRIDDED = ("teff", "logg", "fe_h")
"""Labels over which precision is tabulated."""
PARTS = (0.25, 0.5, 0.75)
"""Without values of the user: where in the range of each of them."""


@click.group()
def model() -> None:
    """Keep models: trained, immutable things that give labels for spectra."""


model.add_command(train)


@model.command(name="import")
@click.argument("name")
@click.argument("source", type=click.Path(path_type=Path, exists=True))
@click.option("--description", required=True, help="What it is good for, and what not.")
@click.option("--citation", help="How to cite it.")
@click.option(
    "--instrument",
    "instruments",
    multiple=True,
    required=True,
    help="Whose spectra it fits: apogee, or lamost_mrs:red for one arm. Can be repeated.",
)
@click.option(
    "--kind",
    type=click.Choice(["exposure", "visit", "coadd"]),
    default="visit",
    show_default=True,
    help="The kind of spectrum that it fits by default.",
)
@click.option("--labels", help="Of an archive: teff,logg,… in its order.")
@click.option(
    "--wavelength",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Of an archive: a file (.npz) with the wavelengths of the pixels, vacuum, in Å.",
)
@click.option("--normalisation", help="Of an archive: how spectra must be normalised, in words.")
@click.option(
    "--mask",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Of an archive: a file (.npz) that is True at pixels that no fit should use.",
)
@json_option
@click.pass_context
def import_model(
    context: click.Context,
    name: str,
    source: Path,
    description: str,
    citation: str | None,
    instruments: tuple[str, ...],
    kind: str,
    labels: str | None,
    wavelength: Path | None,
    normalisation: str | None,
    mask: Path | None,
    *,
    as_json: bool,
) -> None:
    """Register the model in SOURCE as NAME.

    SOURCE is a folder that `starledger model export` wrote, or an archive (.npz) with a published
    network of The Payne, which needs --labels, --wavelength and --normalisation too.
    """
    from starledger.compute.models.registry import Registration, register

    emulator = (
        _exported(source, labels, wavelength, normalisation, mask)
        if source.is_dir()
        else _published(source, labels, wavelength, normalisation, mask)
    )
    about = Registration(
        name=name,
        description=description,
        citation=citation,
        instruments=instruments,
        spectrum_kind=kind,
        settings={"imported_from": source.name},
    )
    with database_of(context) as database:
        with database.engine().connect() as connection:
            require_head(connection)
        root = settings_of(context).settings.model_root
        report(asdict(register(database.engine(), root, emulator, about)), as_json=as_json)


def _exported(source: Path, *of_archives: object) -> StorableEmulator:
    from starledger.compute.models.systems import read_emulator

    if any(given is not None for given in of_archives):
        raise StarledgerError(
            f"{source} is a model's folder, which says its labels, pixels and normalisation.",
            remedy="Leave out --labels, --wavelength, --normalisation and --mask.",
        )
    return read_emulator(source)


def _published(
    source: Path,
    labels: str | None,
    wavelength: Path | None,
    normalisation: str | None,
    mask: Path | None,
) -> StorableEmulator:
    from starledger.compute.models.payne_import import import_payne

    if labels is None or wavelength is None or normalisation is None:
        raise StarledgerError(
            f"{source} does not say its labels, pixels and normalisation.",
            remedy="Give --labels, --wavelength and --normalisation.",
        )
    names = [named.strip() for named in labels.split(",")]
    return import_payne(source, wavelength, names, normalisation, mask)


@model.command(name="list")
@json_option
@click.pass_context
def list_(context: click.Context, *, as_json: bool) -> None:
    """List the registered models."""
    from starledger.compute.models.registry import list_models

    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        found = list_models(connection)
    rows = [
        (one.name, one.system, one.sha256[:SHA256_SHOWN], " ".join(one.labels), one.description)
        for one in found
    ]
    report_rows(LISTED, rows, as_json=as_json)


@model.command()
@click.argument("name")
@json_option
@click.pass_context
def show(context: click.Context, name: str, *, as_json: bool) -> None:
    """Show the model NAME (or the beginning of its SHA-256), and check its files."""
    from starledger.compute.models.registry import find_model, load_model

    root = settings_of(context).settings.model_root
    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        found = find_model(connection, name)
        emulator = load_model(connection, root, name)
    pixels = emulator.wavelength
    ranges = {
        label: [low, high]
        for label, low, high in zip(
            emulator.labels, emulator.low.tolist(), emulator.high.tolist(), strict=True
        )
    }
    about = {
        **asdict(found),
        "n_pixels": len(pixels),
        "wavelength": [float(pixels[0]), float(pixels[-1])],
        **dict(emulator.stored().configuration),
    }
    if as_json:
        report({**about, "ranges": ranges}, as_json=True)
        return
    report(about, as_json=False)
    say("")
    rows = [
        (one, f"{low:.6g}", f"{high:.6g}", label(one).unit) for one, (low, high) in ranges.items()
    ]
    report_rows(("label", "low", "high", "unit"), rows, as_json=False)


@model.command()
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path))
@json_option
@click.pass_context
def export(context: click.Context, name: str, folder: Path, *, as_json: bool) -> None:
    """Write the model NAME into a new FOLDER: tensors (safetensors) and configuration (JSON)."""
    from starledger.compute.models.registry import find_model, read_registered
    from starledger.compute.models.stored import write_folder

    root = settings_of(context).settings.model_root
    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        found = find_model(connection, name)
    write_folder(folder, read_registered(root, found))
    report({"name": found.name, "sha256": found.sha256, "folder": folder}, as_json=as_json)


@model.command()
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
