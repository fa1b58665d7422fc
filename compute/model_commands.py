"""`starledger model`: models come into the registry, are shown, and go out as files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from starledger.compute.cannon_command import cannon
from starledger.compute.plot_command import plot
from starledger.compute.precision_command import precision
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


@click.group()
def model() -> None:
    """Keep models: trained, immutable things that give labels for spectra."""


model.add_command(cannon)
model.add_command(train)
model.add_command(plot)
model.add_command(precision)


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
    """Show the model NAME (or the beginning of its SHA-256), and check its files.

    With --json, also how it was trained and what validation found.
    """
    from starledger.compute.models.registry import find_model, load_model
    from starledger.compute.models.trained import training_of

    root = settings_of(context).settings.model_root
    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
        found = find_model(connection, name)
        emulator = load_model(connection, root, name)
        trained = training_of(connection, found)
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
        report({**about, "ranges": ranges, "training": asdict(trained)}, as_json=True)
        return
    about |= {"training_run": trained.run, "training_set": trained.training_set}
    about |= {"n_members": trained.n_members, "n_held_out": trained.n_held_out}
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
