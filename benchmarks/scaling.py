"""How fits scale to 10⁷ visits on many GPUs: a simulation that replays measured service times.

Run by hand: ``python benchmarks/scaling.py [--device cuda --batch 2048]``. First it measures on
this machine how long a batch takes to be claimed, read, fitted by one core or a GPU, and written.
Then it plays workers that read one batch ahead and write one behind, whose devices are as fast as
that one or so many times faster, beside a database with so many cores: the batches' times are drawn
from those measured. Told is what is busy all the time.
"""

from __future__ import annotations

import argparse
import heapq
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from made_up_grid import trained
from made_up_survey import fresh_ledger, plan_all

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.compute.work.made_up import make_survey

from starledger.compute.models.base import Spectra
from starledger.compute.work.fit_rows import fit_rows
from starledger.compute.work.isolating import isolated
from starledger.compute.work.recipe import Recipe
from starledger.compute.work.station import Station
from starledger.compute.work.writing import write_back
from starledger.schema.database import Database
from starledger.schema.roles import Role
from starledger.schema.settings import Settings

BATCHES = 9
"""So many are measured, and the first one is not counted."""
SURVEY = 10_000_000
SIMULATED = 1_000_000
"""Visits that are played; the rate no longer depends on their number."""
DATABASE_CORES = 8
BYTES_A_VISIT = 3700 * 12
NETWORK_BYTES = 1.25e9
"""A second, of the link on which all workers read shards: 10 Gbit/s."""


@dataclass(frozen=True)
class Measured:
    """Seconds of batches of so many visits."""

    claim: np.ndarray
    read: np.ndarray
    fit: np.ndarray
    write: np.ndarray


def measure(
    database: Database, settings: Settings, run: int, device: torch.device, batch: int
) -> Measured:
    """Time batch after batch, one step after the other, on one thread and perhaps a GPU."""
    torch.set_num_threads(1)
    station = Station(database, settings, run, "bench", device)
    station.queue.sizes[0] = batch
    times: list[tuple[float, ...]] = []
    with database.engine(Role.WORKER).connect() as connection:
        while True:
            began = time.perf_counter()
            with connection.begin():
                lease = station.queue.claim(connection)
            if lease is None:
                break
            claimed = time.perf_counter()
            with connection.begin():
                station._learn(connection, set(lease.shard_ids.tolist()))
            looking = time.perf_counter()
            read = station.reader.read(lease, station._shards)
            before = time.perf_counter()
            moved = Spectra(read.spectra.flux.to(device), read.spectra.ivar.to(device))
            fits, rows, _ = isolated(station.fitter.fit, moved)
            fitted = time.perf_counter()
            assert fits is not None
            made = fit_rows(
                lease.spectrum_ids[rows], fits, station.ranges, station.origin, fitted - before
            )
            with connection.begin():
                write_back(connection, station.queue, lease, made)
            times.append(
                (
                    claimed - began,
                    before - looking,
                    fitted - before,
                    time.perf_counter() - fitted,
                )
            )
    station.close()
    return Measured(*np.array(times[1:]).T)


@dataclass
class Resource:
    """Something with so many places, each busy with one thing at a time."""

    places: int

    def __post_init__(self) -> None:
        self._free = [0.0] * self.places
        self.busy = 0.0

    def use(self, at: float, seconds: float) -> float:
        """Return when something ends that asks for a place at a time."""
        start = max(at, heapq.heappop(self._free))
        heapq.heappush(self._free, start + seconds)
        self.busy += seconds
        return start + seconds


def played(
    measured: Measured, batch: int, workers: int, speed: float
) -> tuple[float, dict[str, float]]:
    """Return visits a second, and which part of the time each resource is busy."""
    draw = np.random.default_rng(1)
    database, link = Resource(DATABASE_CORES), Resource(1)
    devices = [Resource(1) for _ in range(workers)]
    readers = [Resource(1) for _ in range(workers)]
    # What a worker does next: when it may read, when its device was given the last batch.
    turns = [(0.0, number) for number in range(workers)]
    heapq.heapify(turns)
    starts = [0.0] * workers
    written = [0.0] * workers
    end = 0.0
    for _ in range(SIMULATED // batch):
        at, number = heapq.heappop(turns)
        one = int(draw.integers(len(measured.claim)))
        there = database.use(at, measured.claim[one])
        there = link.use(there, batch * BYTES_A_VISIT / NETWORK_BYTES)
        there = readers[number].use(there, measured.read[one])
        # At most one batch is being written while the next is fitted.
        begin = max(there, written[number])
        done = devices[number].use(begin, measured.fit[one] / speed)
        written[number] = database.use(done, measured.write[one])
        end = max(end, written[number])
        # The next batch is read while this one is on the device.
        heapq.heappush(turns, (max(there, starts[number]), number))
        starts[number] = done - measured.fit[one] / speed
    parts = {
        "pixels": max(link.busy, *(one.busy for one in readers)) / end,
        "device": max(one.busy for one in devices) / end,
        "database": database.busy / DATABASE_CORES / end,
    }
    return SIMULATED / end, parts


def main() -> None:
    """Measure, play and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--device", default="cpu", help="cpu or cuda")
    arguments.add_argument("--batch", type=int, default=1024)
    options = arguments.parse_args()
    device = torch.device(options.device)
    torch.set_num_threads(1)
    network = trained(20, 3700, 69.0, 3800.0)
    with fresh_ledger() as database:
        assert database.server is not None
        home = database.server.home
        settings = Settings(home=home)
        model, _ = make_survey(database, home, BATCHES * options.batch, network)
        run, _ = plan_all(
            database, model.model_id, Recipe(continuum="none", rv_range=100.0).settings()
        )
        measured = measure(database, settings, run, device, options.batch)
    print(torch.cuda.get_device_name(device) if device.type == "cuda" else "one core")
    for name in ("claim", "read", "fit", "write"):
        each = 1e6 * getattr(measured, name) / options.batch
        print(f"{name:6} {np.median(each):7.1f} µs a visit ({each.min():.1f}–{each.max():.1f})")
    print(
        "workers  a device is × that one   visits/s   10⁷ visits   busy: pixels  device  database"
    )
    for workers in (1, 8):
        for speed in (1, 50, 200, 500) if device.type == "cpu" else (1,):
            rate, parts = played(measured, options.batch, workers, speed)
            hours = SURVEY / rate / 3600
            busy = "  ".join(f"{100 * part:4.0f} %" for part in parts.values())
            print(f"{workers:7}  {speed:22}  {rate:9.0f}  {hours:8.2f} h   {busy}")


if __name__ == "__main__":
    main()
