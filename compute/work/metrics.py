"""What Prometheus is told of a campaign, where somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Gauge, start_http_server

from starledger.compute.work.standing import RunStanding
from starledger.schema.errors import StarledgerError

Tell = Callable[[RunStanding], None]
STATES = ("good", "flagged", "failed", "aside", "leased", "pending")


class PortTaken(StarledgerError):
    """Nothing can be served at a port."""


@contextmanager
def telling(port: int | None, address: str = "127.0.0.1") -> Iterator[Tell]:
    """Serve metrics at a port of this machine for a while, or do nothing without one.

    Yields
    ------
    tell
        To be told where the run stands.

    Raises
    ------
    PortTaken
        Another program has it.
    """
    if port is None:
        yield lambda _standing: None
        return
    registry = CollectorRegistry()
    visits = Gauge(
        "starledger_visits", "Visits of a fit run.", ["run", "model", "state"], registry=registry
    )
    busy = Gauge(
        "starledger_worker_seconds", "Time that a worker's device was at work.",
        ["run", "worker", "device"], registry=registry,
    )  # fmt: skip
    try:
        server, thread = start_http_server(port, address, registry)
    except OSError as error:
        raise PortTaken(
            f"Nothing can be served at port {port}: {error.strerror}.",
            remedy="Choose another with --prometheus.",
        ) from None

    def tell(standing: RunStanding) -> None:
        run = str(standing.run)
        for state in STATES:
            visits.labels(run, standing.model, state).set(getattr(standing, state))
        for worker in standing.workers:
            busy.labels(run, worker.worker, worker.device).set(worker.seconds)

    try:
        yield tell
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
