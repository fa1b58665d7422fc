"""The whole way of a fit, from shards to the database, beside the fitter alone.

Run by hand: ``python benchmarks/fit_path.py [--visits 8192] [--rounds 5]``. A network
20→300→300→3700, trained on made-up lines, fits spectra of its own. One thread: batches in memory,
against a station that claims, reads, fits and writes. Two workers of one thread each on Dask,
against two processes that fit the same batches in memory and know no database. What takes a model
to get warm is left out. With --gpu: one station on a GPU beside the fitter there, whose spectra are
on the device already.
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
from made_up_grid import trained
from made_up_survey import fresh_ledger, plan_all

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.compute.work.made_up import make_survey

from starledger.compute.fitters.levenberg import Levenberg
from starledger.compute.models.base import Spectra
from starledger.compute.models.payne import Payne
from starledger.compute.models.registry import load_model
from starledger.compute.spectra.normalisation import NoContinuum
from starledger.compute.work.campaign import Campaign
from starledger.compute.work.clusters import client_of, wanted
from starledger.compute.work.leases import LARGEST, SIZES, Lease
from starledger.compute.work.pixels import PixelReader
from starledger.compute.work.recipe import Recipe
from starledger.compute.work.standing import RunStanding, standings
from starledger.compute.work.station import Station
from starledger.schema.database import Database
from starledger.schema.settings import Settings

BATCH = 1024
CPU = torch.device("cpu")
RECIPE = Recipe(continuum="none", rv_range=100.0)


def in_memory(database: Database, home: Path, visits: int) -> Spectra:
    """Read all spectra at once."""
    with database.engine().connect() as connection:
        shards = connection.exec_driver_sql("SELECT shard_id, path, sha256 FROM ledger.shard").all()
        where = "SELECT spectrum_id, shard_id, shard_row FROM ledger.spectrum ORDER BY 2, 3 LIMIT"
        rows = np.array(connection.exec_driver_sql(f"{where} {visits}").all())
        model = load_model(connection, home / "models", "small")
    reader = PixelReader(home / "shards", model.wavelength.numpy(), NoContinuum())
    return reader.read(Lease(0, *rows.T), {row.shard_id: row for row in shards}).spectra


def fit_all(fitter: Levenberg, spectra: Spectra, batch: int = BATCH) -> float:
    """Fit batch after batch and return the seconds."""
    began = time.perf_counter()
    for first in range(0, len(spectra), batch):
        fitter.fit(Spectra(*(one[first : first + batch] for one in (spectra.flux, spectra.ivar))))
    return time.perf_counter() - began


def fitter_of(model: Payne) -> Levenberg:
    """Return a fitter that is warm."""
    return Levenberg(model, RECIPE.fit_settings())


def alone(model: Payne, spectra: Spectra, start: mp.Barrier, out: mp.Queue) -> None:
    """Fit in a process that knows no database."""
    torch.set_num_threads(1)
    fitter = fitter_of(model)
    fit_all(fitter, Spectra(spectra.flux[:64], spectra.ivar[:64]))
    start.wait()
    out.put(fit_all(fitter, spectra))


def two_alone(model: Payne, spectra: Spectra) -> float:
    """Return the rate of two processes that share the spectra."""
    context = mp.get_context("spawn")
    start, out = context.Barrier(2), context.Queue()
    half = len(spectra) // 2
    parts = [slice(0, half), slice(half, 2 * half)]
    processes = [
        context.Process(
            target=alone, args=(model, Spectra(spectra.flux[p], spectra.ivar[p]), start, out)
        )
        for p in parts
    ]
    for process in processes:
        process.start()
    seconds = max(out.get(timeout=600.0) for _ in processes)
    for process in processes:
        process.join()
    return 2 * half / seconds


def planned(database: Database, model_id: int, number: int) -> int:
    """Plan all visits once more."""
    recipe = Recipe(continuum="none", rv_range=100.0 + 1e-6 * number)
    return plan_all(database, model_id, recipe.settings())[0]


def at_a_station(
    database: Database, settings: Settings, run: int, device: torch.device = CPU
) -> float:
    """Return the rate of one station from its first claim to its last write."""
    station = Station(database, settings, run, "bench", device)
    began = time.perf_counter()
    turn = station.turn(3600.0)
    seconds = time.perf_counter() - began
    station.close()
    return turn.counts.total() / seconds


def at_two_workers(database: Database, settings: Settings, run: int) -> float:
    """Return the rate of two Dask workers after the first batch of each."""

    def ignored(_now: RunStanding) -> None:
        pass

    workers = wanted("cpu", "2", 1)
    with client_of(settings, workers) as client:
        Campaign(database, client, settings, workers, run, ignored).run()
    with database.engine().connect() as connection:
        (now,) = standings(connection, [run])
    spans = [
        ((one.last_at - one.first_at).total_seconds(), one.fitted - SIZES[0]) for one in now.workers
    ]
    return sum(fitted / seconds for seconds, fitted in spans)


def on_gpu(database: Database, model: Payne, model_id: int, spectra: Spectra, rounds: int) -> None:
    """Compare one station on a GPU with the fitter alone there, whose spectra it holds already."""
    assert database.server is not None
    settings = Settings(home=database.server.home)
    device = torch.device("cuda")
    moved = Spectra(spectra.flux.to(device), spectra.ivar.to(device))
    fitter = fitter_of(model.to(device))
    print(torch.cuda.get_device_name(device))
    for batch in (LARGEST // 4, LARGEST, 4 * LARGEST):
        rate = len(spectra) / fit_all(fitter, moved, batch)
        print(f"in memory, batches of {batch}: {rate:.0f} spectra/s", flush=True)
    for number in range(rounds):
        memory = len(spectra) / fit_all(fitter, moved, LARGEST)
        whole = at_a_station(database, settings, planned(database, model_id, number), device)
        print(f"in memory {memory:.0f} spectra/s, shards to database {whole:.0f}", flush=True)


def main() -> None:
    """Compare and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--visits", type=int, default=8192)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--gpu", action="store_true", help="one station on a GPU instead")
    options = arguments.parse_args()
    if options.gpu and not torch.cuda.is_available():
        arguments.error("--gpu: PyTorch finds no GPU here")
    torch.set_num_threads(1)
    model = trained(20, 3700, 69.0, 3800.0)
    with fresh_ledger() as database:
        assert database.server is not None
        home = database.server.home
        settings = Settings(home=home, dashboard_port=0)
        registered, _ = make_survey(database, home, options.visits, model)
        spectra = in_memory(database, home, options.visits)
        if options.gpu:
            on_gpu(database, model, registered.model_id, spectra, options.rounds)
            return
        fitter = fitter_of(model)
        rates: dict[str, list[float]] = {}
        for number in range(options.rounds):
            found = {
                "one thread, in memory": options.visits / fit_all(fitter, spectra),
                "one thread, shards to database": at_a_station(
                    database, settings, planned(database, registered.model_id, 2 * number)
                ),
                "two processes, in memory": two_alone(model, spectra),
                "two workers on Dask": at_two_workers(
                    database, settings, planned(database, registered.model_id, 2 * number + 1)
                ),
            }
            for name, rate in found.items():
                rates.setdefault(name, []).append(rate)
    for name, each in rates.items():
        print(
            f"{name:32} {statistics.median(each):6.0f} spectra/s ({min(each):.0f}–{max(each):.0f})"
        )
    names = list(rates)
    for whole, part in ((names[1], names[0]), (names[3], names[2])):
        ratios = [a / b for a, b in zip(rates[whole], rates[part], strict=True)]
        spread = f"{min(ratios):.3f}–{max(ratios):.3f}"
        print(f"{whole} / {part}: {statistics.median(ratios):.3f} ({spread})")


if __name__ == "__main__":
    main()
