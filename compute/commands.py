"""The commands of what makes labels, and of the simulated surveys that it is tried on."""

from __future__ import annotations

import os
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Literal

import click

from starledger.schema.console import json_option, note, progress, report, settings_of
from starledger.schema.errors import StarledgerError

_SHARE = click.FloatRange(0.0, 1.0)
_KINDS = {"clusters": "clusters", "pairs": "wide", "binaries": "binaries"}
"""What options call the parts of a mixture."""


@click.command()
@click.argument("survey")
@click.option("--stars", default=1000, show_default=True, help="How many stars.")
@click.option("--seed", default=1, show_default=True, help="The same seed writes the same bytes.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), required=True, help="A folder, new or empty."
)
@click.option(
    "--quality",
    type=click.Choice(["clean", "realistic"]),
    default="realistic",
    show_default=True,
    help="clean: Gaussian noise of the stated size and nothing else; realistic: all that is wrong "
    "with real spectra and catalogs.",
)
@click.option(
    "--layout",
    type=click.Choice(["old", "new"]),
    default="old",
    show_default=True,
    help="Of LAMOST's files: up to DR7, or since DR8.",
)
@click.option("--clusters", type=_SHARE, help="Share of the stars that are members of clusters.")
@click.option("--pairs", type=_SHARE, help="Share of the stars that are in wide pairs.")
@click.option("--binaries", type=_SHARE, help="Share of the stars with an unresolved companion.")
@click.option(
    "--visits",
    metavar="SHARES",
    help="Shares of the stars with 1, 2, 3, … visits: 0.25,0.45,0.3. The survey's own by default.",
)
@click.option("--catalogs-only", is_flag=True, help="Write no spectra.")
@click.option(
    "--nodes",
    type=click.IntRange(min=50),
    default=800,
    show_default=True,
    help="For more than 500 stars, spectra are synthesized for so many, once, and interpolated"
    " between.",
)
@click.option("--force", is_flag=True, help="Replace what is in the folder.")
@json_option
@click.pass_context
def simulate(
    context: click.Context,
    /,
    survey: str,
    stars: int,
    seed: int,
    out: Path,
    quality: str,
    layout: Literal["old", "new"],
    visits: str | None,
    nodes: int,
    *,
    catalogs_only: bool,
    force: bool,
    as_json: bool,
    **shares: float | None,
) -> None:
    """Write a simulated SURVEY whose truth is known, as the survey would publish it.

    SURVEY is lamost, apogee or boss, with spectra and catalogs, or galah or gaia, with catalogs
    alone. The truth stands beside them in OUT/truth. The same stars, seed and shares give the same
    sky in every survey.
    """
    # torch takes a second to import, which `--help` need not wait for.
    from starledger.compute.simulate.observe.library import library_for
    from starledger.compute.simulate.population.truth import Mixture
    from starledger.compute.simulate.survey import simulate_survey

    processes, folder = os.cpu_count() or 1, settings_of(context).settings.home / "simulation"
    given: dict[str, Any] = {
        _KINDS[kind]: share for kind, share in shares.items() if share is not None
    }
    with progress("stars", stars) as advance:
        made = simulate_survey(
            survey,
            stars,
            seed,
            out,
            quality=quality,
            layout=layout,
            force=force,
            mixture=Mixture(**given),
            visit_shares=None if visits is None else _visit_shares(visits),
            catalogs_only=catalogs_only,
            library=partial(
                library_for, folder=folder, nodes=nodes, tell=note, processes=processes
            ),
            progress=advance,
            processes=processes,
        )
    facts = asdict(made)
    counts = facts.pop("counts")
    report({**facts, **counts} if not as_json else {**facts, "counts": counts}, as_json=as_json)


def _visit_shares(given: str) -> tuple[float, ...]:
    try:
        shares = tuple(float(one) for one in given.split(","))
    except ValueError:
        shares = ()
    if not shares or min(shares) < 0 or not 0.99 < sum(shares) < 1.01:
        raise StarledgerError(
            f"--visits {given!r} are no shares.",
            remedy="Write numbers that sum up to 1, as --visits 0.25,0.45,0.3.",
        )
    return tuple(share / sum(shares) for share in shares)
