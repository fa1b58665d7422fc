"""The faults of the drill."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Row, text

from starledger.compute.work.connecting import persistently
from starledger.ingest.pixels.shards import write_shard
from starledger.schema.database import Database
from starledger.schema.errors import DiskFull
from starledger.schema.roles import Role
from tests.compute.work.drill.cast import Cast, until
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
    admin
        The same, as its server's superuser, who may end the sessions of others.
    random
        Decides where they strike.
    """

    cast: Cast
    database: Database
    admin: Database
    random: random.Random


Fault = Callable[[Stage], None]


class Missed(Exception):
    """A fault came too late to do any harm, and does not count."""


def kill_worker(stage: Stage) -> None:
    """Kill a worker; its nanny brings up another one."""
    _one_worker(stage).kill()


def _one_worker(stage: Stage) -> psutil.Process:
    """Wait until there is a worker, and pick one."""

    def there() -> bool:
        stage.cast.enter()
        return bool(stage.cast.workers())

    until(there, "a worker is there")
    return stage.random.choice(stage.cast.workers())


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
    """Stop a worker that holds visits until others may have them, and let it go on."""
    holders: list[tuple[int, int]] = []

    def held() -> bool:
        stage.cast.enter()
        holders[:] = [
            (one.lease_id, int(one.worker.rpartition(":")[2]))
            for one in _rows(stage.database, "SELECT lease_id, worker FROM ledger.lease")
        ]
        alive = {one.pid for one in stage.cast.workers()}
        holders[:] = [(lease, pid) for lease, pid in holders if pid in alive]
        return bool(holders) or _idle(stage)

    until(held, "a worker holds visits")
    if not holders:
        raise Missed("Nobody held anything any more.")
    lease, pid = stage.random.choice(holders)
    with suppress(psutil.Error):
        psutil.Process(pid).suspend()
    try:
        until(lambda: lease not in _leases(stage), "a lease of a stopped worker expires")
    finally:
        with suppress(psutil.Error):
            psutil.Process(pid).resume()


def _leases(stage: Stage) -> set[int]:
    stage.cast.enter()
    return {one.lease_id for one in _rows(stage.database, "SELECT lease_id FROM ledger.lease")}


def _rows(database: Database, query: str) -> Sequence[Row[Any]]:
    return persistently(
        database, lambda connection: connection.execute(text(query)).all(), role=Role.OWNER
    )


def _idle(stage: Stage) -> bool:
    return not _rows(
        stage.database,
        "SELECT FROM ledger.work WHERE state = 'pending'"
        " UNION ALL SELECT FROM ledger.lease LIMIT 1",
    )


def drop_connections(stage: Stage) -> None:
    """End the database sessions of all workers."""

    def dropped() -> bool:
        stage.cast.enter()
        ended = _rows(
            stage.admin,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'starledger worker' AND datname = current_database()",
        )
        return bool(ended) or _idle(stage)

    until(dropped, "workers have sessions")


def damage_shard(stage: Stage) -> None:
    """Change a byte of a shard whose visits wait, and mend it when somebody stumbled over it."""
    waiting = _rows(
        stage.database,
        "SELECT DISTINCT s.path FROM ledger.shard s JOIN ledger.work w"
        " ON w.position >> 32 = s.shard_id WHERE w.state = 'pending' ORDER BY 1",
    )
    if not waiting:
        raise Missed("No visit waited any more.")
    path = stage.cast.home / "shards" / stage.random.choice(waiting).path
    complaints = (
        "SELECT coalesce(sum(attempts), 0) AS n FROM ledger.work"
        f" WHERE last_error LIKE '%{path.name} has changed%'"
    )
    before = _rows(stage.database, complaints)[0].n
    with _changed(path, path.stat().st_size - 100):
        # Who has it open goes on with what was mapped; whoever comes anew reads all of it.
        for one in stage.cast.workers():
            with suppress(psutil.Error):
                one.kill()

        def noticed() -> bool:
            stage.cast.enter()
            return _rows(stage.database, complaints)[0].n > before or _idle(stage)

        until(noticed, "a damaged shard is noticed")
        if _rows(stage.database, complaints)[0].n <= before:
            raise Missed("Its visits were fitted before anybody read it anew.")


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
    try:
        with suppress(OSError), filler.open("wb") as file:
            while file.write(b"0" * 65536):
                file.flush()
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
