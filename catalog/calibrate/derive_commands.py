"""`starledger calibrate derive`: corrections from binaries, catalogs, clusters and repeats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from starledger.schema.console import (
    database_of,
    json_option,
    note,
    report,
    settings_of,
    waiting,
)
from starledger.schema.errors import StarledgerError
from starledger.schema.migrate import require_head

if TYPE_CHECKING:
    from starledger.catalog.calibrate.clusters import Clusters, Cone
    from starledger.catalog.calibrate.source import Source

Wrapped = TypeVar("Wrapped", bound=Callable[..., Any])

_CSV = click.Path(path_type=Path, exists=True, dir_okay=False)

_COMMON = (
    click.option("--label", required=True, help="What is corrected: mg_fe."),
    click.option("--combination", type=int, required=True, help="The combination run."),
    click.option(
        "--population",
        type=click.Choice(["all", "dwarf", "giant"]),
        default="all",
        show_default=True,
        help="The stars that it is for.",
    ),
    click.option(
        "--boundary",
        type=click.Choice(["phdlspec", "wheeler", "xiang"]),
        default="phdlspec",
        show_default=True,
        help="Between dwarfs and giants, in raw Teff and log g.",
    ),
    click.option(
        "--inputs",
        type=click.Choice(["raw", "calibrated"]),
        default="raw",
        show_default=True,
        help="How variables are taken.",
    ),
    click.option(
        "--after",
        multiple=True,
        metavar="NAME[:VERSION]",
        help="An earlier calibration, applied to the sample first; may be repeated.",
    ),
    click.option("--order", type=click.IntRange(min=1), help="By default behind those of --after."),
    click.option("--low", type=float, help="Lower end of the range in the first variable."),
    click.option("--high", type=float, help="Upper end; by default 98 % of the sample lie within."),
    click.option(
        "--outside",
        type=click.Choice(["hold", "nothing", "null"]),
        default="hold",
        show_default=True,
        help="Beyond the range: hold the end's correction, correct nothing, or give null.",
    ),
    click.option("--min-snr", type=float, default=0.0, help="Least signal of the sample's stars."),
    click.option(
        "--held-out", type=float, default=0.2, show_default=True, help="Share kept for validation."
    ),
    click.option("--seed", type=int, default=1, show_default=True, help="Of all draws."),
    click.option("--description", help="One sentence for readers."),
    click.option("--no-figure", is_flag=True, help="Draw no picture."),
    click.option("--force", is_flag=True, help="Make a new version even if nothing differs."),
    json_option,
)

_SHAPE = (
    click.option(
        "--variable",
        default="teff",
        show_default=True,
        help="What it depends on; of several, as teff,logg,fe_h, a polynomial.",
    ),
    click.option(
        "--form",
        type=click.Choice(["polynomial", "spline"]),
        help="By default what the papers take.",
    ),
    click.option("--degree", type=int, default=3, show_default=True, help="Of a polynomial."),
    click.option("--knots", type=int, default=6, show_default=True, help="Of a spline."),
    click.option("--pivot", type=float, help="Where it is zero if its constant is not told."),
)

_CATALOG = (
    click.option("--crossmatch", type=int, help="The run that matched it with spectra or Gaia."),
    click.option(
        "--catalog-snr", type=float, default=0.0, help="Least signal of the catalog's rows."
    ),
)

_CLUSTER = (
    click.option("--members", type=_CSV, help="CSV with the columns star_id and cluster."),
    click.option(
        "--cone",
        "cones",
        multiple=True,
        metavar="RA,DEC,RADIUS[,PMRA,PMDEC[,RV]]",
        help="A cluster by place (deg) and motion (mas/yr, km/s); may be repeated.",
    ),
    click.option("--pm-within", type=float, default=2.0, show_default=True, help="In mas/yr."),
    click.option("--rv-within", type=float, default=5.0, show_default=True, help="In km/s."),
)


def _with(*options: Callable[[Any], Any]) -> Callable[[Wrapped], Wrapped]:
    def decorate(function: Wrapped) -> Wrapped:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


@click.group()
def derive() -> None:
    """Derive a calibration from stars of which the truth is known in part.

    A share of the sample is held out, and what it shows is kept with the calibration. With the same
    sample and seed the same comes out, and no new version is made.
    """


@derive.command()
@click.argument("name")
@click.option("--pairs", type=_CSV, help="CSV with the columns star_id and partner_star_id.")
@click.option("--catalog", metavar="RELEASE", help="A data release whose rows name partners.")
@click.option("--mcmc", is_flag=True, help="Sample the posterior with emcee.")
@_with(*_CATALOG, *_SHAPE, *_COMMON)
@click.pass_context
def binaries(
    context: click.Context,
    /,
    name: str,
    pairs: Path | None,
    catalog: str | None,
    **given: Any,
) -> None:
    """Derive a trend from wide binaries, whose stars have equal abundances.

    By default aT³ + bT² + cT from the solar value on, without constant, which no pair can tell.
    """
    from starledger.catalog.calibrate.binaries import WideBinaries

    source = WideBinaries(pairs, _reference(catalog, given))
    _derive(context, name, source, given, form="polynomial")


@derive.command()
@click.argument("name")
@click.option("--catalog", metavar="RELEASE", required=True, help="As galah/dr3 or apogee/dr14.")
@_with(*_CATALOG, *_SHAPE, *_COMMON)
@click.pass_context
def reference(context: click.Context, /, name: str, catalog: str, **given: Any) -> None:
    """Derive a curve from another catalog's labels of the same stars.

    By default a spline, and of several variables a polynomial of the third degree.
    """
    _derive(context, name, _reference(catalog, given), given, form="spline")


@derive.command()
@click.argument("name")
@_with(*_CLUSTER, *_SHAPE, *_COMMON)
@click.pass_context
def cluster(context: click.Context, /, name: str, **given: Any) -> None:
    """Derive a trend from members of clusters, who share abundances; a slope by default."""
    given["degree"] = 1 if given["form"] is None else given["degree"]
    _derive(context, name, _clusters(given), given, form="polynomial")


@derive.command(name="zero-point")
@click.argument("name")
@click.option("--catalog", metavar="RELEASE", help="Whose values are right on the whole.")
@click.option("--solar-twins", is_flag=True, help="Stars whose raw labels are nearly the Sun's.")
@click.option("--value", type=float, default=0.0, show_default=True, help="That these stars have.")
@_with(*_CATALOG, *_CLUSTER, *_COMMON)
@click.pass_context
def zero_point(
    context: click.Context,
    /,
    name: str,
    catalog: str | None,
    solar_twins: bool,
    value: float,
    **given: Any,
) -> None:
    """Derive one number, from a catalog, from solar twins, or from a cluster of known value."""
    from starledger.catalog.calibrate.zero_points import KnownValue

    source = _reference(catalog, given)
    members = _clusters(given)
    if source is None:
        source = KnownValue(value, None if solar_twins else members)
    given |= {"variable": None, "form": "constant"}
    _derive(context, name, source, given, form="constant")


@derive.command()
@click.argument("name")
@click.option(
    "--variables",
    default="visit_snr,teff,fe_h",
    show_default=True,
    help="What the factor depends on.",
)
@click.option("--degree", type=int, default=3, show_default=True, help="Of the polynomial.")
@click.option(
    "--ratio", type=float, default=1.3, show_default=True, help="Of the two visits' signals."
)
@_with(*_COMMON)
@click.pass_context
def errors(
    context: click.Context, /, name: str, variables: str, ratio: float, **given: Any
) -> None:
    """Derive the factor by which errors are too small, from repeats on different nights."""
    from starledger.catalog.calibrate.repeats import Repeats

    given["variables"] = _names(variables)
    _derive(context, name, Repeats(ratio), given, form="polynomial")


@derive.command()
@click.argument("name")
@click.option("--catalog", metavar="RELEASE", required=True, help="As galah/dr3 or apogee/dr14.")
@click.option("--variables", default="teff", show_default=True, help="What the floor depends on.")
@click.option("--degree", type=int, default=2, show_default=True, help="Of the polynomial.")
@_with(*_CATALOG, *_COMMON)
@click.pass_context
def floor(context: click.Context, /, name: str, catalog: str, variables: str, **given: Any) -> None:
    """Derive what errors leave out, from the scatter about another catalog's labels.

    What is wrong with a star in all its visits alike, such as what the model does not know of it,
    shows in no repeats. The floor is added to errors in quadrature; put it behind their factor with
    --after. The catalog's own errors must be right, and tell the more the smaller they are.
    """
    from starledger.catalog.calibrate.error_floor import ReferenceScatter

    source = ReferenceScatter(_reference(catalog, given))
    given["variables"] = _names(variables)
    _derive(context, name, source, given, form="polynomial")


def _names(listed: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in listed.split(","))


def _reference(catalog: str | None, given: dict[str, Any]) -> Any:
    from starledger.catalog.calibrate.references import Reference

    crossmatch, snr = given.pop("crossmatch", None), given.pop("catalog_snr", 0.0)
    return None if catalog is None else Reference(catalog, crossmatch, snr)


def _clusters(given: dict[str, Any]) -> Clusters:
    from starledger.catalog.calibrate.clusters import Clusters

    within = {name: given.pop(name) for name in ("pm_within", "rv_within")}
    cones = tuple(_cone(text, within) for text in given.pop("cones"))
    return Clusters(given.pop("members"), cones)


def _cone(text: str, within: dict[str, float]) -> Cone:
    from starledger.catalog.calibrate.clusters import Cone

    names = ("ra", "dec", "radius", "pmra", "pmdec", "rv")
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (3, 5, 6):
        raise StarledgerError(
            f"--cone {text!r} is no cluster.",
            remedy="Write RA,DEC,RADIUS or RA,DEC,RADIUS,PMRA,PMDEC[,RV]: 132.85,11.81,0.5.",
        )
    return Cone(**dict(zip(names, numbers, strict=False)), **within)


def _derive(
    context: click.Context, name: str, source: Source, given: dict[str, Any], form: str
) -> None:
    """Derive, and tell what came of it."""
    from starledger.catalog.calibrate.deriving import derive as derive_one
    from starledger.catalog.calibrate.plan import Plan

    as_json, force, figure = (given.pop(one) for one in ("as_json", "force", "no_figure"))
    run = given.pop("combination")
    variable = given.pop("variable", "teff")
    given.setdefault("variables", () if variable is None else _names(variable))
    given["monte_carlo"] = given.pop("mcmc", False)
    if form == "spline" and len(given["variables"]) > 1:
        form = "polynomial"
    given["form"] = given.get("form") or form
    plan = Plan(name=name, **given)
    with database_of(context) as database:
        with database.engine().connect() as connection:
            require_head(connection)
        home = None if figure else settings_of(context).settings.home
        with waiting(f"Deriving {name}"):
            outcome = derive_one(database, run, plan, source, home=home, force=force)
    content = outcome.derived.content
    said = "unchanged" if outcome.unchanged else "entered"
    note(f"{outcome.entered.name}:{outcome.entered.version} is {said}.")
    report(
        {
            "calibration_id": outcome.entered.calibration_id,
            "name": outcome.entered.name,
            "version": outcome.entered.version,
            "unchanged": outcome.unchanged,
            "members": len(outcome.derived.evidence),
            "sha256": outcome.derived.sha256,
            **{
                one: content[one]
                for one in ("form", "coefficients", "valid_low", "valid_high", "validation")
            },
        },
        as_json=as_json,
    )
