"""A campaign: turns are given to workers until every visit of a run is fitted or set aside."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from distributed import Client, Future, wait
from sqlalchemy import Connection

from starledger.compute.work.clusters import Wanted
from starledger.compute.work.connecting import persistently
from starledger.compute.work.crew import Order, close_stations, stop_turns, turn
from starledger.compute.work.leases import reclaim
from starledger.compute.work.planning import close_finished
from starledger.compute.work.standing import RunStanding, standings
from starledger.schema.database import Database
from starledger.schema.errors import StarledgerError, Unreachable
from starledger.schema.roles import Role
from starledger.schema.settings import Settings

TURN_SECONDS = 10.0
LOOK_SECONDS = 1.0
"""Between two looks at where the run stands."""
REST_SECONDS = 1.0
"""Before a worker that found nothing to claim looks again."""
MOST_ERRORS = 20
"""Turns in a row that fail without a visit being fitted, after which something else is wrong."""

log = logging.getLogger(__name__)

Watch = Callable[[RunStanding], None]


class WorkersFail(StarledgerError):
    """Turn after turn failed, for a reason that is not a visit's."""


@dataclass
class Campaign:
    """A fit run on its way.

    Parameters
    ----------
    database
        As the owner sees it.
    client
        Of the cluster.
    settings
        See there.
    workers
        What is wanted of each.
    fit_run_id
        The run.
    watch
        Told where the run stands, again and again.
    """

    database: Database
    client: Client
    settings: Settings
    workers: Wanted
    fit_run_id: int
    watch: Watch

    def __post_init__(self) -> None:
        self.draining = threading.Event()
        self._turns: set[Future] = set()
        self._resting: list[float] = []
        self._errors = 0

    def run(self) -> RunStanding:
        """Give turns until all is fitted or set aside, or until it is told to drain.

        Raises
        ------
        StarledgerError
            It cannot go on; what was fitted is kept.
        """
        looked = 0.0
        standing = self._look()
        try:
            while standing.waiting and not self.draining.is_set():
                self._give_turns()
                self._take_back(LOOK_SECONDS)
                if time.monotonic() - looked >= LOOK_SECONDS:
                    looked, fitted = time.monotonic(), standing.fitted
                    standing = self._look()
                    self._errors = 0 if standing.fitted > fitted else self._errors
        finally:
            self._drain()
        return self._look(last=True)

    def drain(self) -> None:
        """Let turns that are under way end early, and begin no more."""
        self.draining.set()

    def _look(self, *, last: bool = False) -> RunStanding:
        def action(connection: Connection) -> RunStanding:
            reclaim(connection, self.fit_run_id, self.settings.retry_seconds)
            if last:
                close_finished(connection, self.fit_run_id)
            return standings(connection, [self.fit_run_id])[0]

        standing = persistently(self.database, action, role=Role.OWNER)
        self.watch(standing)
        return standing

    def _give_turns(self) -> None:
        now = time.monotonic()
        self._resting = [until for until in self._resting if until > now]
        free = self._places() - len(self._turns) - len(self._resting)
        for _ in range(free):
            order = Order(self.fit_run_id, TURN_SECONDS)
            resources = self.workers.resources
            self._turns.add(self.client.submit(turn, order, pure=False, resources=resources))

    def _places(self) -> int:
        if self.client.status != "running":
            raise Unreachable(
                "The Dask scheduler is gone; what was fitted is kept.",
                remedy="Run the same command again to go on.",
            )
        there = len(self.client.scheduler_info(n_workers=-1)["workers"])
        # A cluster that grows with its tasks must be given some.
        return max(there, self.workers.workers[1] if self.settings.scheduler is None else 1)

    def _take_back(self, seconds: float) -> None:
        if not self._turns:
            self.draining.wait(seconds)
            return
        with suppress(TimeoutError):
            wait(self._turns, timeout=seconds, return_when="FIRST_COMPLETED")
        for future in [one for one in self._turns if one.done()]:
            self._turns.discard(future)
            self._judge(future)

    def _judge(self, future: Future) -> None:
        if future.status == "finished":
            if future.result().empty:
                self._resting.append(time.monotonic() + REST_SECONDS)
            return
        error = future.exception() if future.status == "error" else None
        if isinstance(error, StarledgerError):
            raise error
        log.warning("A turn failed, and is given again: %s", error or "its worker is gone")
        self._errors += 1
        if self._errors >= MOST_ERRORS:
            raise WorkersFail(
                f"{self._errors} turns in a row failed without a fit, the last one with: {error}.",
                remedy="Mend that, and run the same command again to go on.",
            )

    def _drain(self) -> None:
        """Wait for turns that are under way, and give back what was not tried."""
        self.draining.set()
        if self.client.status != "running":
            return
        with suppress(OSError, TimeoutError):
            self.client.run(stop_turns, self.fit_run_id, on_error="ignore")
            if self._turns:
                wait(self._turns, timeout=self.settings.lease_seconds + TURN_SECONDS)
            self.client.run(close_stations, self.fit_run_id, on_error="ignore")
        self._turns.clear()
