"""`starledger plot`: pictures of what was published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from starledger.schema.console import database_of, json_option, report, settings_of, waiting
from starledger.schema.migrate import require_head

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from starledger.catalog.plots.asking import Others, Sample
    from starledger.catalog.query.asking import Asker

Command: TypeAlias = Callable[..., Any]
Option: TypeAlias = Callable[[Command], Command]

DEFAULT_ALONG = "teff,logg,fe_h,snr"


def _with(*options: Option) -> Callable[[Command], Command]:
    """Return a decorator that adds options."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


_RELEASE: Option = click.option("--release", help="The release; by default the newest one.")
_WRITTEN: tuple[Option, ...] = (
    click.option(
        "-o",
        "--out",
        type=click.Path(path_type=Path, dir_okay=False),
        required=True,
        help="The file to write: .png, .pdf or .svg.",
    ),
    json_option,
)
_COMMON: tuple[Option, ...] = (
    _RELEASE,
    click.option(
        "--where",
        metavar="ADQL",
        help="Draw only these: a condition on the star, as s.fe_h < -1 (for precision, on the fit,"
        " as f.teff > 5000).",
    ),
    *_WRITTEN,
)
_COMPARED: tuple[Option, ...] = (
    click.option(
        "--against",
        required=True,
        metavar="raw|MODEL|FILE",
        help="With whom: the label before calibration, another model of the release, or a file"
        " (FITS, VOTable, CSV, ECSV, Parquet) with a column of the label's name.",
    ),
    click.option(
        "--on",
        default="gaia_dr3_source_id",
        show_default=True,
        help="The column that tells, in a file, which star is meant.",
    ),
)


@click.group()
def plot() -> None:
    """Draw what was published: PNG, PDF or SVG."""


@plot.command()
@click.option("--colour", default="fe_h", show_default=True, help="The column that colours stars.")
@_with(*_COMMON)
@click.pass_context
def kiel(context: click.Context, /, colour: str, **given: Any) -> None:
    """Draw gravity over temperature."""
    from starledger.catalog.plots.asking import stars_of
    from starledger.catalog.plots.kiel import kiel as draw

    with _drawn(context, given) as (asker, sample, put):
        put(draw(stars_of(asker, sample, ("teff", "logg", colour)), colour))


@plot.command()
@click.argument("over")
@click.argument("up")
@_with(*_COMMON)
@click.pass_context
def plane(context: click.Context, /, over: str, up: str, **given: Any) -> None:
    """Draw the column UP over the column OVER, as `plane fe_h mg_fe`."""
    from starledger.catalog.plots.asking import stars_of
    from starledger.catalog.plots.kiel import plane as draw

    with _drawn(context, given) as (asker, sample, put):
        put(draw(stars_of(asker, sample, (over, up)), over, up))


@plot.command("one-to-one")
@click.argument("label")
@_with(*_COMPARED, *_COMMON)
@click.pass_context
def one_to_one(context: click.Context, /, label: str, **given: Any) -> None:
    """Draw LABEL over what others say of the same stars, and the differences."""
    from starledger.catalog.plots.asking import pairs_of
    from starledger.catalog.plots.comparing import one_to_one as draw

    with _drawn(context, given) as (asker, sample, put):
        others = _others(given)
        put(draw(pairs_of(asker, sample, label, others), label, Path(others.against).stem))


@plot.command()
@click.argument("label")
@click.option(
    "--along", default=DEFAULT_ALONG, show_default=True, help="Columns, a panel for each."
)
@_with(*_COMPARED, *_COMMON)
@click.pass_context
def residuals(context: click.Context, /, label: str, along: str, **given: Any) -> None:
    """Draw how LABEL differs from what others say, along other columns."""
    from starledger.catalog.plots.asking import pairs_of
    from starledger.catalog.plots.comparing import residuals as draw

    columns = [one.strip() for one in along.split(",")]
    with _drawn(context, given) as (asker, sample, put):
        put(draw(pairs_of(asker, sample, label, _others(given), columns), label, columns))


@plot.command()
@click.argument("label")
@click.option("--model", help="Whose fits; by default the one recommended for the label.")
@_with(*_COMMON)
@click.pass_context
def precision(context: click.Context, /, label: str, model: str | None, **given: Any) -> None:
    """Draw errors of LABEL, Cramér–Rao bounds and the scatter of repeats over S/N."""
    from starledger.catalog.plots.asking import visits_of
    from starledger.catalog.plots.precision import precision as draw

    with _drawn(context, given) as (asker, sample, put):
        put(draw(visits_of(asker, sample, label, model), label))


@plot.command()
@click.argument("visit")
@click.option("--model", help="Whose fit; by default the model recommended for teff.")
@click.option("--window", metavar="FROM,TO", help="Only these wavelengths, vacuum, Å: 5150,5200.")
@_with(_RELEASE, *_WRITTEN)
@click.pass_context
def spectrum(
    context: click.Context,
    visit: str,
    model: str | None,
    window: str | None,
    release: str | None,
    out: Path,
    *,
    as_json: bool,
) -> None:
    """Draw the spectrum of VISIT with the model that was fitted to it, and the residuals.

    VISIT is its number in the ledger, or the survey's identifier.
    """
    from starledger.catalog.plots.figures import save
    from starledger.catalog.plots.spectrum import spectrum as draw
    from starledger.catalog.star_spectra.spectra import spectra_of_visit
    from starledger.compute.wavelength_range import wavelength_range

    between = None if window is None else wavelength_range("--window", window)
    settings = settings_of(context).settings
    with waiting("Drawing"), database_of(context) as database:
        with database.engine().connect() as connection:
            require_head(connection)
        roots = settings.shard_root, settings.model_root
        save(draw(spectra_of_visit(database, *roots, release, visit, model), between), out)
    report({"picture": out}, as_json=as_json)


def _others(given: dict[str, Any]) -> Others:
    from starledger.catalog.plots.asking import Others

    return Others(given["against"], given["on"], is_file=Path(given["against"]).suffix != "")


@contextmanager
def _drawn(
    context: click.Context, given: dict[str, Any]
) -> Iterator[tuple[Asker, Sample, Callable[[Figure], None]]]:
    """Give whom to ask, for which rows, and what writes the picture."""
    from starledger.catalog.plots.asking import Sample
    from starledger.catalog.plots.figures import save
    from starledger.catalog.query.asking import Asker

    target: Path = given["out"]

    def put(figure: Figure) -> None:
        save(figure, target)

    with database_of(context) as database, Asker(database) as asker, waiting("Drawing"):
        yield asker, Sample(given["release"], given["where"]), put
    report({"picture": target}, as_json=given["as_json"])
