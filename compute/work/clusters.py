"""Where workers come from: this machine, a scheduler that runs elsewhere, or a batch system."""

from __future__ import annotations

import importlib
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask
import torch
from distributed import Client, LocalCluster, Nanny, Scheduler, SpecCluster

from starledger.compute.work.crew import PLUGIN, Crew
from starledger.schema.errors import StarledgerError, Unreachable
from starledger.schema.settings import Settings

GPU = "GPU"
"""The resource that places one turn on each GPU."""

CONFIG: dict[str, Any] = {
    # A visit that kills workers is found by us; meanwhile no other is to be blamed for it.
    "distributed.scheduler.allowed-failures": 1_000_000,
    # A turn takes seconds, and its batches much memory: neither is a fault.
    "distributed.admin.tick.limit": "60 s",
    "distributed.worker.memory.terminate": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.target": False,
    "distributed.comm.timeouts.connect": "30 s",
    # Dask's own choice gives memory back after each small piece, and makes a fit take twice as
    # long: its batches would come page by page from the kernel again and again. So they would to
    # each thread that has an arena of its own.
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": 1 << 28,
    "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": 1 << 25,
    "distributed.nanny.pre-spawn-environ.MALLOC_ARENA_MAX": 1,
    # Looking at itself many times a second costs a worker a twentieth of its core.
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.monitor-interval": "10 s",
    "distributed.admin.tick.interval": "1 s",
    "distributed.admin.system-monitor.interval": "2 s",
}


class BadCluster(StarledgerError):
    """Workers cannot be had as asked for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which workers are wanted.

    Parameters
    ----------
    device
        ``cpu`` or ``cuda``.
    workers
        How many; of a range the cluster takes as many as there is work for.
    threads
        That each computes with on a CPU.
    """

    device: str
    workers: tuple[int, int]
    threads: int

    @property
    def resources(self) -> dict[str, float]:
        """What a turn takes up in a worker."""
        return {GPU: 1} if self.device == "cuda" else {}


def wanted(device: str | None, workers: str | None, threads: int | None) -> Wanted:
    """Return which workers to have; what is not given follows from this machine.

    Parameters
    ----------
    device
        ``cpu`` or ``cuda``; by default the GPU where there is one.
    workers
        A number, or a range like ``2-8``.
    threads
        Of each worker.

    Examples
    --------
    >>> wanted("cpu", "2-8", 1)
    Wanted(device='cpu', workers=(2, 8), threads=1)
    """
    chosen = device or ("cuda" if torch.cuda.is_available() else "cpu")
    cores = len(os.sched_getaffinity(0))
    if workers is None:
        count = torch.cuda.device_count() if chosen == "cuda" else max(cores // (threads or 1), 1)
        low = high = max(count, 1)
    else:
        first, _, last = workers.partition("-")
        if not first.isdecimal() or not (last or first).isdecimal() or int(first) < 1:
            raise BadCluster(
                f"{workers!r} is no number of workers.", remedy="Write one, or a range like 2-8."
            )
        low, high = int(first), int(last or first)
        if high < low:
            raise BadCluster(f"{workers!r} is no range.", remedy="Put the smaller number first.")
    return Wanted(chosen, (low, high), threads or max(cores // high, 1))


@contextmanager
def client_of(settings: Settings, workers: Wanted) -> Iterator[Client]:
    """Open a client of the cluster of the settings, whose workers know the ledger.

    Without a scheduler or a class of clusters, workers are processes of this machine.

    Raises
    ------
    Unreachable
        No scheduler answers.
    BadCluster
        There is no such class of clusters, or it needs a database server.
    """
    with dask.config.set(CONFIG), _quiet():
        if settings.scheduler:
            with _client_at(settings.scheduler) as client:
                yield client
            return
        with _cluster(settings, workers) as cluster, Client(cluster) as client:
            client.register_plugin(Crew(settings, workers.device, workers.threads), name=PLUGIN)
            yield client


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what Dask logs of workers that come and go."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _client_at(scheduler: str) -> Iterator[Client]:
    named = {"scheduler_file": scheduler} if Path(scheduler).suffix == ".json" else {}
    try:
        client = Client(**named) if named else Client(scheduler, timeout="10 s")
    except (OSError, ValueError) as error:
        raise Unreachable(
            f"No Dask scheduler answers at {scheduler}: {error}.",
            remedy="Start one with `dask scheduler`, or leave the setting `scheduler` out.",
        ) from None
    with client:
        yield client


def _cluster(settings: Settings, workers: Wanted) -> Any:
    if settings.cluster is not None:
        return _of_class(settings, workers)
    dashboard = f"127.0.0.1:{_free(settings.dashboard_port)}"
    if workers.device == "cuda":
        cluster = _one_for_each_gpu(workers.workers[1], dashboard)
    else:
        cluster = LocalCluster(
            n_workers=workers.workers[0],
            threads_per_worker=1,
            processes=True,
            memory_limit=0,
            dashboard_address=dashboard,
            silence_logs=50,
        )
        _scale(cluster, workers.workers)
    return cluster


def _free(port: int) -> int:
    """Return a port, or 0, which means any free one, where another program has it."""
    with socket.socket() as one:
        # As the dashboard does, lest connections that are just ending count.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def _one_for_each_gpu(count: int, dashboard: str) -> Any:
    common = {"nthreads": 1, "resources": {GPU: 1}, "memory_limit": 0, "silence_logs": 50}
    gpus = max(torch.cuda.device_count(), 1)
    return SpecCluster(
        scheduler={
            "cls": Scheduler,
            "options": {"dashboard_address": dashboard, "dashboard": True, "host": "127.0.0.1"},
        },
        workers={
            number: {
                "cls": Nanny,
                "options": {**common, "env": {"CUDA_VISIBLE_DEVICES": str(number % gpus)}},
            }
            for number in range(count)
        },
        silence_logs=50,
    )


def _of_class(settings: Settings, workers: Wanted) -> Any:
    assert settings.cluster is not None  # noqa: S101 - the one caller has looked
    if settings.database_url is None:
        raise BadCluster(
            "Workers of a batch system need a database server: the embedded one serves one"
            " machine.",
            remedy="Set STARLEDGER_DATABASE_URL to a server that they can reach.",
        )
    module, _, name = settings.cluster.rpartition(".")
    try:
        cluster = getattr(importlib.import_module(module), name)()
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise BadCluster(
            f"There is no cluster {settings.cluster!r} to be had: {error}.",
            remedy="Install its package, and configure it as its documentation says.",
        ) from None
    _scale(cluster, workers.workers)
    return cluster


def _scale(cluster: Any, workers: tuple[int, int]) -> None:
    low, high = workers
    if low == high:
        cluster.scale(low)
    else:
        cluster.adapt(minimum=low, maximum=high, interval="5 s", wait_count=6)
