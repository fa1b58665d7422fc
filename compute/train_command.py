"""`starledger model train`: a network of The Payne learns from ab-initio spectra or one's own."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from starledger.compute.command_words import device_named, names_listed, window_named
from starledger.schema.console import database_of, json_option, progress, report, settings_of
from starledger.schema.errors import StarledgerError
from starledger.schema.migrate import require_head

if TYPE_CHECKING:
    import torch

    from starledger.compute.training.networks import TrainingSettings, TrainingSpectra

LEARNING_RATES = {"per_pixel": 0.05, "shared": 0.01}
"""What each shape of network learns best with."""
HIDDEN = {"per_pixel": "10,10", "shared": "300,300"}


@dataclass(frozen=True)
class _Taught:
    """Training spectra, where they came from, and the pixels that no fit should use."""

    spectra: TrainingSpectra
    origin: dict[str, Any]
    mask: torch.Tensor | None = None


@click.command()
@click.argument("name")
@click.option(
    "--instrument", required=True, help="Whose spectra it will fit: lamost_lrs, apogee or boss."
)
@click.option("--description", required=True, help="What it is good for, and what not.")
@click.option("--citation", help="How to cite it.")
@click.option(
    "--kind",
    type=click.Choice(["exposure", "visit", "coadd"]),
    default="visit",
    show_default=True,
    help="The kind of spectrum that it fits by default.",
)
@click.option("--labels", help="teff,logg,fe_h,…: what it gives; the instrument's by default.")
@click.option("--spectra", default=2000, show_default=True, help="How many are synthesized.")
@click.option(
    "--quality",
    type=click.Choice(["clean", "realistic"]),
    default="clean",
    show_default=True,
    help="realistic: with faults of its own, so that simulated surveys grade it fairly.",
)
@click.option("--window", help="Wavelengths in Å that are modelled: 5000,5400. All by default.")
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file (.npz, .safetensors) with spectra of your own: labels, flux and wavelength "
    "(vacuum, Å). Needs --labels and --normalisation.",
)
@click.option("--normalisation", help="Of the file's spectra, in words.")
@click.option(
    "--network",
    type=click.Choice(["per_pixel", "shared"]),
    default="per_pixel",
    show_default=True,
    help="A network for each pixel, or one for all.",
)
@click.option("--hidden", help="Widths of its hidden layers; 10,10 per pixel, 300,300 shared.")
@click.option("--seed", default=1, show_default=True, help="Of all that is drawn.")
@click.option("--device", help="cpu, cuda, cuda:1; a GPU where there is one.")
@click.option(
    "--max-epochs",
    type=click.IntRange(1),
    default=300,
    show_default=True,
    help="More teach better.",
)
@json_option
@click.pass_context
def train(context: click.Context, /, name: str, *, seed: int, as_json: bool, **given: Any) -> None:
    """Train a network of The Payne and register it as NAME.

    Its spectra are synthesized for stars inside the hulls of isochrones, giants and dwarfs apart,
    or come from a file. A fifth of them validate and do not teach.
    """
    from starledger.compute.models.registry import Registration, register, require_free
    from starledger.compute.training.networks import train_payne

    settings, device = _settings(seed=seed, **given), device_named(given["device"])
    about = Registration(
        name=name,
        description=given["description"],
        citation=given["citation"],
        instruments=(given["instrument"],),
        spectrum_kind=given["kind"],
    )
    with database_of(context) as database:
        with database.engine().connect() as connection:
            require_head(connection)
            require_free(connection, about)
        taught = _from_file(**given) if given["source"] else _synthesized(seed=seed, **given)
        with progress("epochs", settings.max_epochs) as advance:
            payne, found = train_payne(taught.spectra, settings, device, advance)
        about = replace(about, settings=asdict(settings) | taught.origin, report=found.as_json())
        payne = replace(payne, mask=taught.mask)
        done = register(database.engine(), settings_of(context).settings.model_root, payne, about)
    report(asdict(done) | found.as_json(), as_json=as_json)


def _settings(
    *, network: str, hidden: str | None, seed: int, max_epochs: int, **_: Any
) -> TrainingSettings:
    from starledger.compute.training.networks import TrainingSettings

    widths = [
        int(one) if one.strip().isdigit() else 0 for one in (hidden or HIDDEN[network]).split(",")
    ]
    if min(widths) < 1:
        raise StarledgerError(
            f"--hidden {hidden!r} is no list of widths.",
            remedy=f"Write --hidden {HIDDEN[network]}.",
        )
    return TrainingSettings(
        network=network,
        hidden=tuple(widths),
        learning_rate=LEARNING_RATES[network],
        max_epochs=max_epochs,
        seed=seed,
    )


def _from_file(
    *, source: Path, labels: str | None, normalisation: str | None, window: str | None, **_: Any
) -> _Taught:
    from starledger.compute.training.training_files import read_training_file

    if labels is None or normalisation is None:
        raise StarledgerError(
            f"{source} does not say its labels and normalisation.",
            remedy="Give --labels and --normalisation.",
        )
    if window is not None:
        raise StarledgerError(
            "--window cuts synthesized spectra only.", remedy="Cut the file, or leave it out."
        )
    return _Taught(
        read_training_file(source, names_listed(labels), normalisation), {"trained_on": source.name}
    )


def _synthesized(
    *,
    instrument: str,
    labels: str | None,
    normalisation: str | None,
    window: str | None,
    spectra: int,
    quality: str,
    seed: int,
    **_: Any,
) -> _Taught:
    import torch

    from starledger.compute.simulate.observe.observing import Quality
    from starledger.compute.training.abinitio import abinitio
    from starledger.compute.training.label_sampling import sparse_sampling
    from starledger.compute.training.networks import MIN_SPECTRA

    if normalisation is not None:
        raise StarledgerError(
            "Synthesized spectra are normalised by ourselves.", remedy="Leave out --normalisation."
        )
    if spectra < MIN_SPECTRA:
        raise StarledgerError(
            f"--spectra {spectra} are too few to learn from.", remedy="Write --spectra 2000."
        )
    names = None if labels is None else names_listed(labels)
    processes = os.cpu_count() or 1
    made = abinitio(
        instrument.removesuffix(":full"), names, Quality(quality), window_named(window), processes
    )
    drawn = sparse_sampling(made.names).draw(spectra, seed)
    with progress("spectra", spectra) as advance:
        taught = made.spectra(drawn, advance)
    mask = torch.from_numpy(made.unseen) if made.unseen.any() else None
    origin = {"trained_on": "ab-initio spectra", "quality": quality, "window": window}
    return _Taught(taught, origin | {"spectra": spectra}, mask)
