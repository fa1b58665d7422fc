"""`starledger spectrum`: a star's spectra with their model, as a FITS file."""

from __future__ import annotations

from pathlib import Path

import click

from starledger.schema.console import database_of, json_option, report, settings_of, waiting
from starledger.schema.migrate import require_head


@click.command()
@click.argument("star")
@click.option("--release", "name", help="The release; by default the newest one.")
@click.option("--model", help="Whose fits; by default the model recommended for teff.")
@click.option("--visit", help="Only this visit: its number or the survey's identifier.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file; by default named after the release and the star.",
)
@json_option
@click.pass_context
def spectrum(
    context: click.Context,
    star: str,
    name: str | None,
    model: str | None,
    visit: str | None,
    out: Path | None,
    *,
    as_json: bool,
) -> None:
    """Write the spectra of STAR with the model that was fitted to them, as a FITS file.

    STAR is its number, a Gaia source_id, its starid, or a survey's identifier of a spectrum. A
    visit whose fit failed is there without a model.
    """
    from starledger.catalog.star_spectra.fits_file import write_spectra
    from starledger.catalog.star_spectra.spectra import spectra_of

    settings = settings_of(context).settings
    with waiting("Reading the spectra"), database_of(context) as database:
        with database.engine().connect() as connection:
            require_head(connection)
        roots = settings.shard_root, settings.model_root
        found = spectra_of(database, *roots, name, star, model, visit=visit)
    path = out or Path(f"{found.release.name}_{found.star_id}.fits")
    write_spectra(path, found)
    report(
        {
            "file": str(path),
            "star_id": found.star_id,
            "model": found.model.name,
            "visits": len(found.visits),
            "without_model": sum(one.fitted.model is None for one in found.visits),
        },
        as_json=as_json,
    )
