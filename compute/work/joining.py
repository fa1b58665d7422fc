"""Joining a scheduler: workers of this machine, each watched over by a nanny."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import dask
import torch
from distributed import Nanny

from starledger.compute.work.clusters import CONFIG, GPU, Wanted
from starledger.compute.work.crew import Crew
from starledger.schema.settings import Settings


async def join(
    scheduler: str,
    settings: Settings,
    workers: Wanted,
    name: str | None,
    crew: type[Crew] = Crew,
) -> None:
    """Run workers until the scheduler ends, or we are told to stop.

    Parameters
    ----------
    scheduler
        Its address, or its file.
    settings
        Of the ledger as this machine sees it.
    workers
        How many, and on what.
    name
        Of the workers.
    crew
        What they keep between tasks.
    """
    where = {"scheduler_file": scheduler} if Path(scheduler).suffix == ".json" else {}
    gpus = max(torch.cuda.device_count(), 1)
    with dask.config.set(CONFIG):
        nannies = [
            Nanny(
                None if where else scheduler,
                **where,
                name=f"{name}-{number}" if name else None,
                nthreads=1,
                memory_limit=0,
                plugins=(crew(settings, workers.device, workers.threads),),
                resources={GPU: 1} if workers.device == "cuda" else None,
                env={"CUDA_VISIBLE_DEVICES": str(number % gpus)}
                if workers.device == "cuda"
                else None,
            )
            for number in range(workers.workers[1])
        ]
        stop = asyncio.Event()
        for one in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(one, stop.set)
        await asyncio.gather(*nannies)
        ends = [asyncio.ensure_future(nanny.finished()) for nanny in nannies]
        stopped: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
        all_ended: asyncio.Future[Any] = asyncio.gather(*ends)
        await asyncio.wait({stopped, all_ended}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.gather(*(nanny.close() for nanny in nannies))
