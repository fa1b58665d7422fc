"""`starledger model cannon`: a Cannon learns from spectra whose stars a catalog knows."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from starledger.compute.command_words import device_named, names_listed, window_named
from starledger.schema.console import (
    database_of,
    json_option,
    note,
    progress,
    report,
    report_rows,
    settings_of,
)
from starledger.schema.migrate import require_head

if TYPE_CHECKING:
    from starledger.compute.training.cannon_overlap import Lesson, Taught


@click.command()
@click.argument("name")
@click.argument("spectra")
@click.argument("catalog")
@click.option("--labels", required=True, help="teff,logg,fe_h,…: what it gives.")
@click.option("--description", required=True, help="What it is good for, and what not.")
@click.option("--citation", help="How to cite it.")
@click.option(
    "--crossmatch",
    type=int,
    metavar="RUN",
    help="The crossmatch of the two; the last one by default.",
)
@click.option(
    "--order",
    type=click.IntRange(1, 4),
    default=2,
    show_default=True,
    help="Of the polynomials: 3 to follow dwarfs and giants at once, with thousands of stars.",
)
@click.option(
    "--deconvolve",
    type=click.IntRange(0, 30),
    metavar="GAUSSIANS",
    default=0,
    show_default=True,
    help="Free labels of their errors, as the catalog states them, by so many Gaussians: 6 where"
    " errors are not small. 0 takes labels at their word.",
)
@click.option(
    "--min-snr",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Of the spectra, a pixel.",
)
@click.option(
    "--min-catalog-snr",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Of the rows of the catalog.",
)
@click.option(
    "--range",
    "ranges",
    type=(str, float, float),
    multiple=True,
    metavar="LABEL LOW HIGH",
    help="Only stars with a label in this range: teff 4100 7100. Can be repeated.",
)
@click.option("--window", help="Wavelengths in Å that are modelled: 4100,5700. All by default.")
@click.option(
    "--normalisation",
    default="gaussian_50",
    show_default=True,
    help="By which continuum spectra are divided: gaussian_50, gaussian_50_even, or none.",
)
@click.option(
    "--instrument", help="Whose spectra, where there are several: lamost_lrs, lamost_mrs:red."
)
@click.option(
    "--kind",
    type=click.Choice(["exposure", "visit", "coadd"]),
    default="visit",
    show_default=True,
    help="The kind of spectrum that teaches it, and that it fits by default.",
)
@click.option(
    "--held-out",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.2,
    show_default=True,
    help="Share of the stars that test it and do not teach.",
)
@click.option("--seed", default=1, show_default=True, help="Of the draw of these stars.")
@click.option("--device", help="cpu, cuda, cuda:1; a GPU where there is one.")
@json_option
@click.pass_context
def cannon(context: click.Context, /, name: str, *, as_json: bool, **given: Any) -> None:
    """Train a Cannon on SPECTRA whose stars CATALOG has labels of, and register it as NAME.

    Both are data releases, written like lamost/dr5:spectra and galah/dr2, which `starledger
    crossmatch SPECTRA CATALOG` has matched. Of each row of the catalog the spectrum with the
    highest S/N teaches. Stars that are held out show how well their labels are inferred.
    """
    from starledger.compute.models.registry import Registration
    from starledger.compute.training.cannon_overlap import teach

    about = Registration(
        name=name,
        description=given["description"],
        citation=given["citation"],
        spectrum_kind=given["kind"],
    )
    device = device_named(given["device"])
    with database_of(context) as database:
        with database.engine().connect() as connection:
            require_head(connection)
        settings = settings_of(context).settings
        done = teach(database.engine(), settings, _lesson(given), about, device, progress)
    _tell(done, as_json=as_json)


def _lesson(given: dict[str, Any]) -> Lesson:
    from starledger.compute.training.cannon_overlap import Lesson
    from starledger.compute.training.overlap import Cuts

    cuts = Cuts(
        min_snr=given["min_snr"],
        min_catalog_snr=given["min_catalog_snr"],
        ranges={label: (low, high) for label, low, high in given["ranges"]},
        kind=given["kind"],
        instrument=given["instrument"],
    )
    return Lesson(
        spectra=given["spectra"],
        catalog=given["catalog"],
        labels=names_listed(given["labels"]),
        crossmatch=given["crossmatch"],
        cuts=cuts,
        order=given["order"],
        deconvolve=given["deconvolve"],
        window=window_named(given["window"]),
        normalisation=given["normalisation"],
        held_out=given["held_out"],
        seed=given["seed"],
    )


def _tell(done: Taught, *, as_json: bool) -> None:
    facts = asdict(done)
    model, held_out, left_out = (facts.pop(one) for one in ("model", "held_out", "left_out"))
    if as_json:
        report({**model, **facts, "held_out": held_out, "left_out": left_out}, as_json=True)
        return
    counts = {"n_held_out": held_out["spectra"], "n_failed": held_out["failed"]}
    report({**model, **facts, **counts}, as_json=False)
    for why, count in left_out.items():
        note(f"{count:,} matched spectra did not count: {why}.")
    if held_out["labels"]:
        rows = [
            (name, f"{one['bias']:.3g}", f"{one['scatter']:.3g}", one["unit"])
            for name, one in held_out["labels"].items()
        ]
        columns = ("label", "bias", "scatter", "unit")
        report_rows(columns, rows, as_json=False, title="Held-out stars")
