"""The place where a worker fits: a warm model, and a line of batches that keeps its device busy.

While one batch is on the device the next one is claimed and read, and the last one written. Every
lease is kept alive by a heartbeat for as long as turns follow each other.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from sqlalchemy import Connection, select

from starledger.compute.fitters.levenberg import Levenberg
from starledger.compute.models.base import Fits, Spectra
from starledger.compute.models.registry import find_model, read_registered
from starledger.compute.models.systems import emulator_of
from starledger.compute.spectra.normalisation import continuum
from starledger.compute.work.connecting import persistently
from starledger.compute.work.fit_rows import Origin, Ranges, fit_rows
from starledger.compute.work.isolating import isolated
from starledger.compute.work.leases import (
    Failure,
    Lease,
    LeaseLost,
    Queue,
    give_back,
    reclaim,
)
from starledger.compute.work.lots import lengths
from starledger.compute.work.pixels import PixelReader, ReadBatch
from starledger.compute.work.recipe import Recipe
from starledger.compute.work.writing import write_back
from starledger.schema.database import Database
from starledger.schema.roles import Role
from starledger.schema.settings import Settings
from starledger.schema.tables import FitConfig, FitRun, Model, Shard

BEATS = 4
"""Heartbeats in the life of a lease."""
STUCK_SECONDS = 1800.0
"""After such a time with one batch a worker counts as stuck, and its leases expire."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Turn:
    """What came of a turn.

    Parameters
    ----------
    counts
        Visits by their outcome; also how many are to be ``tried again``, and how many leases were
        ``lost``.
    empty
        Whether nothing was left to claim.
    """

    counts: Counter[str] = field(default_factory=Counter)
    empty: bool = False


@dataclass(frozen=True, slots=True)
class _Batch:
    lease: Lease
    read: ReadBatch


class Station:
    """A worker's place in a fit run.

    Parameters
    ----------
    database
        The ledger; the rights of a worker are enough.
    settings
        Where shards and models are.
    fit_run_id
        The run.
    worker
        The worker's name, which no other has.
    device
        What it computes on.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        fit_run_id: int,
        worker: str,
        device: torch.device,
    ) -> None:
        self.database, self.device = database, device
        self.stop = threading.Event()
        self.queue = Queue(fit_run_id, worker, settings.lease_seconds, pause=settings.retry_seconds)
        self._shards: dict[int, Any] = {}
        self._warm(settings)
        self._held: dict[int, Lease] = {}
        self._last_sign, self._turning = time.monotonic(), False
        self._closed = threading.Event()
        self._ahead: Future[_Batch | None] | None = None
        self._reading = ThreadPoolExecutor(1, "reading")
        self._writing = ThreadPoolExecutor(1, "writing")
        self._beating = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._beating.start()

    def _warm(self, settings: Settings) -> None:
        """Load the model and make its fitter."""
        with self.database.engine(Role.WORKER).connect() as connection:
            run = connection.execute(
                select(FitRun.model_id, FitRun.fit_config_id, FitConfig.settings, Model.name)
                .join(FitConfig, FitConfig.fit_config_id == FitRun.fit_config_id)
                .join(Model, Model.model_id == FitRun.model_id)
                .where(FitRun.run_id == self.queue.fit_run_id)
            ).one()
            model = find_model(connection, run.name)
        recipe = Recipe.of(run.settings)
        emulator = emulator_of(read_registered(settings.model_root, model))
        mask = emulator.stored().tensors.get("mask")
        wavelength = emulator.wavelength.numpy()
        self.reader = PixelReader(
            settings.shard_root,
            wavelength,
            continuum(recipe.continuum, wavelength, recipe.pixels(len(wavelength))),
            None if mask is None else mask.numpy(),
        )
        moved = emulator.to(self.device)
        self.fitter = Levenberg(moved, recipe.fit_settings())
        self.ranges = Ranges.of(model.labels, self.fitter.box, (moved.low, moved.high))
        self.origin = Origin(
            self.queue.fit_run_id,
            run.model_id,
            run.fit_config_id,
            self.queue.worker,
            recipe.covariance,
        )

    def turn(self, seconds: float) -> Turn:
        """Fit batch after batch for some time, or until nothing is left or `stop` is set."""
        self._turning = True
        try:
            return self._turn(time.monotonic() + seconds)
        finally:
            self._last_sign, self._turning = time.monotonic(), False

    def _turn(self, end: float) -> Turn:
        done, writing = Turn(), list[Future[Counter[str]]]()
        while True:
            self._last_sign = time.monotonic()
            ahead = self._ahead or self._read_ahead()
            # Forgotten first: what could not be read once is not to fail every turn.
            self._ahead = None
            batch = ahead.result()
            if batch is None:
                done.empty = True
                break
            last = self.stop.is_set() or time.monotonic() >= end
            if not self.stop.is_set():
                self._read_ahead()
            fitted = self._fit(batch)
            for future in writing:
                done.counts += future.result()
            writing = [self._writing.submit(self._write, batch, *fitted)]
            if last:
                break
        for future in writing:
            done.counts += future.result()
        return done

    def close(self) -> None:
        """Give back what was claimed and not tried, and forget the model."""
        self.stop.set()
        try:
            if self._ahead is not None and (batch := self._ahead.result()) is not None:
                lease = batch.lease
                persistently(
                    self.database, lambda connection: give_back(connection, lease), stop=self.stop
                )
        except Exception:  # its lease will expire
            log.warning("What was claimed could not be given back.", exc_info=True)
        finally:
            self._closed.set()
            self._beating.join()
            self._reading.shutdown()
            self._writing.shutdown()

    def _read_ahead(self) -> Future[_Batch | None]:
        self._ahead = self._reading.submit(self._read)
        return self._ahead

    def _read(self) -> _Batch | None:
        lease = persistently(self.database, self._claim, stop=self.stop)
        if lease is None:
            return None
        self._held[lease.lease_id] = lease
        try:
            unknown = set(lease.shard_ids.tolist()) - self._shards.keys()
            if unknown:
                persistently(self.database, lambda connection: self._learn(connection, unknown))
            return _Batch(lease, self.reader.read(lease, self._shards))
        except BaseException:
            # Else it would be kept alive, and nobody could take its visits.
            del self._held[lease.lease_id]
            raise

    def _claim(self, connection: Connection) -> Lease | None:
        lease = self.queue.claim(connection)
        if lease is None and reclaim(connection, self.queue.fit_run_id, self.queue.pause):
            lease = self.queue.claim(connection)
        return lease

    def _learn(self, connection: Connection, shard_ids: set[int]) -> None:
        found = select(Shard.shard_id, Shard.path, Shard.sha256)
        for row in connection.execute(found.where(Shard.shard_id.in_(shard_ids))):
            self._shards[row.shard_id] = row

    def _fit(self, batch: _Batch) -> tuple[Fits | None, np.ndarray, list[Failure], float]:
        began = time.perf_counter()
        spectra = batch.read.spectra
        moved = Spectra(spectra.flux.to(self.device), spectra.ivar.to(self.device))
        lots = lengths(
            batch.lease.shard_ids[batch.read.rows], batch.lease.shard_rows[batch.read.rows]
        )

        def fit(some: Spectra) -> Fits:
            return self.fitter.fit(some, lots if len(some) == len(moved) else None)

        fits, rows, errors = isolated(fit, moved)
        seconds = time.perf_counter() - began
        visits = batch.lease.spectrum_ids[batch.read.rows]
        failures = [Failure(int(visits[row]), error) for row, error in errors.items()]
        self.queue.pace(len(visits), seconds)
        return fits, visits[rows], [*batch.read.failures, *failures], seconds

    def _write(
        self,
        batch: _Batch,
        fits: Fits | None,
        visits: np.ndarray,
        failures: list[Failure],
        seconds: float,
    ) -> Counter[str]:
        try:
            rows = (
                None if fits is None else fit_rows(visits, fits, self.ranges, self.origin, seconds)
            )
            return persistently(
                self.database,
                lambda connection: write_back(
                    connection,
                    self.queue,
                    batch.lease,
                    rows,
                    failures,
                    device=_name_of(self.device),
                    seconds=seconds,
                ),
            )
        except LeaseLost as lost:
            log.warning("%s", lost)
            return Counter({"lost": 1})
        finally:
            del self._held[batch.lease.lease_id]

    def _beat(self) -> None:
        """Keep leases alive while turns follow each other: nobody waits for a forgotten worker."""
        pause = self.queue.seconds / BEATS
        while not self._closed.wait(pause):
            held = list(self._held.values())
            patience = STUCK_SECONDS if self._turning else self.queue.seconds
            if held and time.monotonic() - self._last_sign < patience:
                self._keep(held)

    def _keep(self, held: list[Lease]) -> None:
        try:
            lost = persistently(
                self.database, lambda c: self.queue.keep(c, held), stop=self._closed
            )
        except Exception:  # the next beat may come through
            log.exception("The heartbeat failed.")
            return
        # What was written meanwhile is no loss.
        for lease_id in lost & self._held.keys():
            log.warning("The lease %d of %s expired.", lease_id, self.queue.worker)


def _name_of(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"cpu ({torch.get_num_threads()} threads)"
