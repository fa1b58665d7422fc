"""The commands of what makes labels, and of the simulated surveys that it is tried on."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import click

from starledger.schema.console import json_option, note, progress, report


@click.command()
@click.argument("survey")
@click.option("--stars", default=1000, show_default=True, help="How many stars.")
@click.option("--seed", default=1, show_default=True, help="The same seed writes the same bytes.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="A folder, new or empty."
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
@click.option("--force", is_flag=True, help="Replace what is in the folder.")
@json_option
def simulate(
    survey: str,
    stars: int,
    seed: int,
    out: Path,
    quality: str,
    layout: Literal["old", "new"],
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Write a simulated SURVEY whose truth is known, as the survey would publish it.

    SURVEY is lamost, apogee or boss, with spectra and catalogs, or galah or gaia, with catalogs
    alone. The truth stands beside them in OUT/truth. The same stars and seed give the same sky in
    every survey.
    """
    # torch takes a second to import, which `--help` need not wait for.
    from starledger.compute.simulate.survey import simulate_survey

    with progress("stars", stars) as advance:
        made = simulate_survey(
            survey,
            stars,
            seed,
            out,
            quality=quality,
            layout=layout,
            force=force,
            progress=advance,
            tell=note,
            processes=os.cpu_count() or 1,
        )
    facts = asdict(made)
    counts = facts.pop("counts")
    report({**facts, **counts} if not as_json else {**facts, "counts": counts}, as_json=as_json)
