"""The crew: what Dask's workers keep between tasks, and the tasks that they are given."""

from __future__ import annotations

import logging
import os
import platform
import threading
from contextlib import ExitStack
from dataclasses import dataclass

import torch
from distributed import Worker, WorkerPlugin, get_worker

from starledger.compute.work.station import Station, Turn
from starledger.schema.database import open_database
from starledger.schema.errors import StarledgerError
from starledger.schema.journal import begin_journal
from starledger.schema.settings import Settings

PLUGIN = "starledger"

log = logging.getLogger(__name__)


class NoCrew(StarledgerError):
    """A Dask worker does not know the ledger."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker is to do.

    Parameters
    ----------
    fit_run_id
        In which run to fit.
    seconds
        How long a turn takes, about.
    """

    fit_run_id: int
    seconds: float


class Crew(WorkerPlugin):  # type: ignore[misc]
    """Keeps the database open and models warm in a Dask worker.

    Parameters
    ----------
    settings
        Of the ledger, the shards and the models, as the worker's own machine sees them.
    device
        ``cpu`` or ``cuda``.
    threads
        That a worker computes with on a CPU.
    """

    name = PLUGIN

    def __init__(self, settings: Settings, device: str, threads: int) -> None:
        self.settings, self.device, self.threads = settings, device, threads

    def setup(self, worker: Worker) -> None:
        """Take a place in a worker."""
        self.place = f"{platform.node()}:{os.getpid()}"
        self.worker = worker
        self._stations: dict[int, Station] = {}
        self._open = ExitStack()
        self._changing = threading.Lock()
        begin_journal(self.settings.log_level, self.settings.log_format)
        torch.set_num_threads(self.threads)

    def teardown(self, worker: Worker) -> None:  # noqa: ARG002
        """Leave it in order."""
        self.close()

    def station(self, fit_run_id: int) -> Station:
        """Return the station of a run, which is set up where it is the first time."""
        with self._changing:
            if fit_run_id not in self._stations:
                self._close_all()
                torch.set_num_threads(self.threads)
                database = self._open.enter_context(open_database(self.settings))
                self._stations[fit_run_id] = Station(
                    database, self.settings, fit_run_id, self.place, torch.device(self.device)
                )
            return self._stations[fit_run_id]

    def stop(self, fit_run_id: int) -> None:
        """Let the turn of a run that is under way be the last."""
        if fit_run_id in self._stations:
            self._stations[fit_run_id].stop.set()

    def close(self, fit_run_id: int | None = None) -> None:
        """Give back what was claimed and not tried, of a run or of all, and leave the database."""
        with self._changing:
            if fit_run_id is None or fit_run_id in self._stations:
                self._close_all()

    def _close_all(self) -> None:
        for station in self._stations.values():
            station.close()
        self._stations.clear()
        self._open.close()
        self._open = ExitStack()


def turn(order: Order) -> Turn:
    """Fit for a turn: a task for a worker."""
    return _crew_of(get_worker()).station(order.fit_run_id).turn(order.seconds)


def stop_turns(fit_run_id: int, dask_worker: Worker) -> None:
    """Tell a worker to end its turn in a run early."""
    if PLUGIN in dask_worker.plugins:
        dask_worker.plugins[PLUGIN].stop(fit_run_id)


def close_stations(fit_run_id: int, dask_worker: Worker) -> None:
    """Tell a worker to give back what it has not tried of a run."""
    if PLUGIN in dask_worker.plugins:
        dask_worker.plugins[PLUGIN].close(fit_run_id)


def _crew_of(worker: Worker) -> Crew:
    crew = worker.plugins.get(PLUGIN)
    if not isinstance(crew, Crew):
        raise NoCrew(
            f"The Dask worker {worker.address} does not know the ledger.",
            remedy="Start workers with `starledger worker --scheduler ADDRESS`.",
        )
    return crew
