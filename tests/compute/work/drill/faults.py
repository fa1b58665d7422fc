"""The faults of the drill."""

from __future__ import annotations

import random
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from starledger.ingest.pixels.shards import write_shard
from starledger.schema.database import Database
from starledger.schema.errors import DiskFull
from tests.compute.work.drill.cast import LEASE_SECONDS, Cast, until
from tests.compute.work.made_up import some_group


@dataclass
class Stage:
    """What faults act on.

    Parameters
    ----------
    cast
        The processes.
    database
        The ledger.
    random
        Decides where they strike.
    """

    cast: Cast
    database: Database
    random: random.Random


Fault = Callable[[Stage], None]


def kill_worker(stage: Stage) -> None:
    """Kill a worker; its nanny brings up another one."""
    for one in stage.random.sample(workers := stage.cast.workers(), min(1, len(workers))):
        with suppress(psutil.Error):
            one.kill()


def kill_nanny(stage: Stage) -> None:
    """Kill the nannies; their workers see it and end."""
    if stage.cast.crew is not None:
        orphans = stage.cast.workers()
        stage.cast.crew.kill()
        stage.cast.crew.wait()
        psutil.wait_procs(orphans, timeout=20.0)
        for one in orphans:
            with suppress(psutil.Error):
                one.kill()


def kill_scheduler(stage: Stage) -> None:
    """Kill the scheduler."""
    if stage.cast.scheduler is not None:
        stage.cast.scheduler.kill()
        stage.cast.scheduler.wait()


def kill_client(stage: Stage) -> None:
    """Kill the command that runs the campaign."""
    if stage.cast.client is not None:
        stage.cast.client.kill()
        stage.cast.client.wait()


def kill_postmaster(stage: Stage) -> None:
    """Kill the database server's first process."""
    server = stage.database.server
    assert server is not None
    pid = int((server.data_folder / "postmaster.pid").read_text().splitlines()[0])
    with suppress(psutil.Error):
        psutil.Process(pid).send_signal(signal.SIGKILL)
        psutil.Process(pid).wait(20.0)
    stage.database.engine().dispose()


def pause_worker(stage: Stage) -> None:
    """Stop a worker until what it holds has expired, and let it go on."""
    for one in stage.random.sample(workers := stage.cast.workers(), min(1, len(workers))):
        with suppress(psutil.Error):
            one.suspend()
            psutil.wait_procs([one], timeout=1.5 * LEASE_SECONDS)
            one.resume()


def drop_connections(stage: Stage) -> None:
    """End the database sessions of all workers."""
    with suppress(DBAPIError), stage.database.engine().begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'starledger worker' AND datname = current_database()"
            )
        )


def damage_shard(stage: Stage) -> None:
    """Change a byte of a shard, and mend it when somebody has stumbled over it."""
    shards = sorted((stage.cast.home / "shards").rglob("*.safetensors"))
    path = stage.random.choice(shards)
    with _changed(path, path.stat().st_size - 100):
        # Workers that have it open already go on with what they mapped: new ones notice.
        kill_worker(stage)
        stage.cast.enter()
        psutil.wait_procs([], timeout=1.0)


@contextmanager
def _changed(path: Path, place: int) -> Iterator[None]:
    with path.open("r+b") as file:
        file.seek(place)
        was = file.read(1)
        file.seek(place)
        file.write(bytes([was[0] ^ 255]))
    try:
        yield
    finally:
        with path.open("r+b") as file:
            file.seek(place)
            file.write(was)


def fill_disk(stage: Stage) -> None:
    """Fill the disk of the shards while workers read: who writes one there is told so."""
    folder = stage.cast.home / "shards"
    filler = folder / "filler"
    with suppress(OSError), filler.open("wb") as file:
        while file.write(b"0" * 65536):
            file.flush()
    try:
        if subprocess.run(["mountpoint", "-q", folder], check=False).returncode == 0:
            with suppress(DiskFull):
                write_shard(folder / "full", some_group(), {})
                raise AssertionError("A shard was written to a full disk.")
    finally:
        filler.unlink(missing_ok=True)


def fault_kinds(*, small_disk: bool) -> dict[str, Fault]:
    """Return the faults by name; a disk is only filled if it is small."""
    kinds: dict[str, Fault] = {
        "worker killed": kill_worker,
        "nanny killed": kill_nanny,
        "scheduler killed": kill_scheduler,
        "client killed": kill_client,
        "postmaster killed": kill_postmaster,
        "worker paused": pause_worker,
        "connections dropped": drop_connections,
        "shard damaged": damage_shard,
    }
    if small_disk:
        kinds["disk filled"] = fill_disk
    return kinds


__all__ = ["Stage", "fault_kinds", "until"]
