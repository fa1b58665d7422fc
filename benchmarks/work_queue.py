"""The queue alone: visits claimed and their fits written back, by processes that fit nothing.

Run by hand: ``python benchmarks/work_queue.py [--visits 100000 10000000] [--workers 2]``. Every
process claims batches and copies complete rows of 25 labels with errors, bounds and flags, with
--covariance also with that, ending the lease in the same transaction, as workers do. The rate is
that of the first visits of a long queue, and of all of a short one, which is planned anew for each
round; a queue of 10⁷ takes ten minutes to be made.
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
import statistics
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from made_up_survey import enter_visits, fresh_ledger, plan_all, untrained
from sqlalchemy import URL, text

from starledger.compute.fitters.levenberg import box_of
from starledger.compute.fitters.settings import FitSettings
from starledger.compute.models.base import Convergence, Fits
from starledger.compute.models.payne import Payne
from starledger.compute.models.registry import Registration, register
from starledger.compute.work.fit_rows import Origin, Ranges, fit_rows
from starledger.compute.work.leases import LARGEST, SIZES, Queue
from starledger.compute.work.standing import standings
from starledger.compute.work.writing import write_back
from starledger.schema.database import Database
from starledger.schema.roles import Role

ROUNDS = 3
MEASURED = 300_000
"""Visits of one round."""
N_LABELS = 25


@dataclass(frozen=True)
class Share:
    """What one process did: when it began and ended, and how long its claims took."""

    visits: int
    began: float
    ended: float
    claims: list[float]


def made_up_fits(emulator: Payne, count: int) -> Fits:
    """Return fits as they come from the fitter, all good."""
    part = torch.rand(count, N_LABELS, dtype=torch.float64)
    spread = 0.01 * (emulator.high - emulator.low)
    mixed = torch.randn(count, N_LABELS + 1, N_LABELS + 1, dtype=torch.float64)
    scale = torch.cat([spread, torch.ones(1)])
    return Fits(
        labels=emulator.low + (0.1 + 0.8 * part) * (emulator.high - emulator.low),
        covariance=mixed @ mixed.mT / N_LABELS * scale[:, None] * scale,
        rv=torch.randn(count, dtype=torch.float64),
        chi2=torch.full((count,), 3700.0, dtype=torch.float64),
        n_pixels=torch.full((count,), 3700),
        convergence=(Convergence.CONVERGED,) * count,
        steps=torch.full((count,), 5),
        bounds=spread.expand(count, -1),
    )


def work(
    url: URL, origin: Origin, visits: int, size: int, start: mp.Barrier, out: mp.Queue
) -> None:
    """Claim and write back so many visits."""
    torch.set_num_threads(1)
    emulator = untrained(N_LABELS, 40, 4)
    ranges = Ranges.of(
        emulator.labels, box_of(emulator, FitSettings()), (emulator.low, emulator.high)
    )
    sizes = [size * 2**doubled for doubled in range(12) if size * 2**doubled <= LARGEST]
    fits = {one: made_up_fits(emulator, one) for one in sizes}
    engine = Database({Role.WORKER: url}).engine(Role.WORKER)
    queue = Queue(origin.fit_run_id, origin.worker, sizes=(size, 16, 1))
    done, claims = 0, []
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        connection.commit()
        start.wait()
        began = time.time()
        while done < visits:
            claiming = time.perf_counter()
            lease = queue.claim(connection)
            connection.commit()
            claims.append(time.perf_counter() - claiming)
            if lease is None:
                break
            if len(lease) not in fits:
                fits[len(lease)] = made_up_fits(emulator, len(lease))
            rows = fit_rows(lease.spectrum_ids, fits[len(lease)], ranges, origin, 0.5)
            with connection.begin():
                write_back(connection, queue, lease, rows)
            done += len(lease)
            queue.pace(len(lease), time.perf_counter() - claiming)
        out.put(Share(done, began, time.time(), claims))


def measured(database: Database, run: Origin, workers: int, size: int, visits: int) -> list[Share]:
    """Let processes work side by side."""
    context = mp.get_context("spawn")
    start, out = context.Barrier(workers), context.Queue()
    url = database.urls[Role.WORKER]
    processes = [
        context.Process(
            target=work,
            args=(
                url,
                replace(run, worker=f"w{number}"),
                visits // workers,
                size,
                start,
                out,
            ),
        )
        for number in range(workers)
    ]
    for process in processes:
        process.start()
    shares = [out.get(timeout=300.0) for _ in processes]
    for process in processes:
        process.join()
    return shares


def planned(database: Database, model_id: int, number: int) -> Origin:
    """Plan all visits in another configuration."""
    run, config = plan_all(database, model_id, {"benchmark": number})
    with database.engine().connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("VACUUM ANALYZE ledger.work"))
    return Origin(run, model_id, config, "")


def main() -> None:
    """Compare queues of several lengths."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--visits", type=int, nargs="*", default=[100_000, 10_000_000])
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--size", type=int, default=SIZES[0], help="visits of the first lease")
    arguments.add_argument("--covariance", action="store_true", help="write covariances, too")
    options = arguments.parse_args()
    print(f"{options.workers} workers, {N_LABELS} labels, leases of {options.size} to {LARGEST}")
    for visits in options.visits:
        with fresh_ledger() as database, tempfile.TemporaryDirectory() as models:
            engine = database.engine()
            began = time.perf_counter()
            with engine.begin() as connection:
                enter_visits(connection, visits)
            about = Registration(name="queue", description="-", instruments=("lamost_lrs",))
            model = register(engine, Path(models), untrained(N_LABELS, 40, 4), about)
            print(f"{visits} visits entered in {time.perf_counter() - began:.0f} s")
            rates = []
            origin = None
            for number in range(ROUNDS):
                if origin is None or visits < ROUNDS * MEASURED:
                    now = time.perf_counter()
                    origin = planned(database, model.model_id, number)
                    print(f"  planned in {time.perf_counter() - now:.0f} s")
                    with engine.connect() as connection:
                        now = time.perf_counter()
                        standings(connection)
                        print(f"  where it stands in {1e3 * (time.perf_counter() - now):.0f} ms")
                run = replace(origin, with_covariance=options.covariance)
                each = min(MEASURED, visits)
                shares = measured(database, run, options.workers, options.size, each)
                took = max(one.ended for one in shares) - min(one.began for one in shares)
                done = sum(one.visits for one in shares)
                rates.append(done / took)
                claims = 1e3 * np.array([claim for one in shares for claim in one.claims])
                print(
                    f"  {done} visits: {rates[-1]:.0f}/s; a claim takes {np.median(claims):.1f} ms,"
                    f" at the 99th percentile {np.percentile(claims, 99):.1f}"
                )
            print(f"{visits:>9} queued: {statistics.median(rates):.0f} visits/s")


if __name__ == "__main__":
    main()
