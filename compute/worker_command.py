"""`starledger worker`: join a Dask scheduler from this machine."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from starledger.schema.console import database_of, note, settings_of
from starledger.schema.errors import StarledgerError
from starledger.schema.migrate import require_head


class NeedsServer(StarledgerError):
    """Workers elsewhere cannot use the embedded database."""


@click.command()
@click.option("--scheduler", metavar="ADDRESS", help="Of the Dask scheduler, or its file (.json).")
@click.option("--workers", help="How many processes; by default one for each GPU or core.")
@click.option("--threads", type=click.IntRange(min=1), help="That each computes with on a CPU.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), help="By default a GPU if there is.")
@click.option("--name", help="Of the workers; others are given a number behind it.")
@click.option("--local", is_flag=True, help="Allow the embedded database: all on this machine.")
@click.pass_context
def worker(
    context: click.Context,
    scheduler: str | None,
    workers: str | None,
    threads: int | None,
    device: str | None,
    name: str | None,
    *,
    local: bool,
) -> None:
    """Fit for whoever runs `starledger fit MODEL --scheduler ADDRESS`, until told to stop.

    This machine must reach the scheduler and the database server, and have the shard root and the
    model root mounted (STARLEDGER_SHARD_ROOT, STARLEDGER_MODEL_ROOT).
    """
    from starledger.compute.work.clusters import wanted
    from starledger.compute.work.joining import join

    settings = settings_of(context).settings
    address = scheduler or settings.scheduler
    if address is None:
        raise StarledgerError(
            "No scheduler is named.", remedy="Give --scheduler tcp://host:8786, or its file."
        )
    if settings.database_url is None and not local:
        raise NeedsServer(
            "The embedded database serves one machine only, and workers elsewhere cannot reach it.",
            remedy="Name a server with STARLEDGER_DATABASE_URL, or, if the scheduler runs on this"
            " machine too, give --local.",
        )
    for root in (settings.shard_root, settings.model_root):
        if not root.is_dir():
            raise StarledgerError(
                f"There is no folder {root} on this machine.",
                remedy="Mount the folder of shards and that of models, and name them with"
                " STARLEDGER_SHARD_ROOT and STARLEDGER_MODEL_ROOT.",
            )
    with database_of(context) as database, database.engine().connect() as connection:
        require_head(connection)
    chosen: Any = wanted(device, workers, threads)
    note(f"Joining {address} with {chosen.workers[1]} workers on {chosen.device}.")
    asyncio.run(join(address, settings, chosen, name))
