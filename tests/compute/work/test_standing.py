from __future__ import annotations

import datetime as dt
import io
import urllib.request

from rich.console import Console

from starledger.compute.work.display import Rate, drawn, line_of
from starledger.compute.work.leases import Failure, Queue
from starledger.compute.work.metrics import telling
from starledger.compute.work.standing import next_attempt, standings
from tests.compute.work.conftest import N_VISITS, Desk
from tests.compute.work.drill.cast import free_port
from tests.compute.work.test_leases import claimed, end
from tests.compute.work.test_writing import fits, write


def test_the_parts_of_a_run_add_up(desk: Desk) -> None:
    queue = Queue(desk.run(), "ann", sizes=(100, 16, 1))
    lease = claimed(desk, queue)
    write(desk, queue, lease, fits(len(lease)))
    failed = claimed(desk, queue)
    end(desk, queue, failed, *(Failure(int(one), "e") for one in failed.spectrum_ids))
    desk.do(
        "UPDATE ledger.work SET state = 'aside' WHERE spectrum_id = :one",
        one=int(failed.spectrum_ids[0]),
    )
    held = claimed(desk, queue)
    with desk.database.engine().connect() as connection:
        (now,) = standings(connection, [queue.fit_run_id])
        again = next_attempt(connection, queue.fit_run_id)
        everything = standings(connection)
    assert (now.planned, now.good, now.flagged, now.failed) == (N_VISITS, 100, 0, 0)
    assert (now.aside, now.leased, now.pending) == (1, len(held), N_VISITS - 101 - len(held))
    (worker,) = now.workers
    assert (worker.worker, worker.fitted, worker.holds) == ("ann", 100, len(held))
    assert again is not None
    assert again > dt.datetime.now(dt.UTC)
    assert everything[0] == now
    assert everything[0].outcome == "open"


def test_what_is_shown(desk: Desk) -> None:
    queue = Queue(desk.run(), "ann")
    lease = claimed(desk, queue)
    write(desk, queue, lease, fits(len(lease)))
    with desk.database.engine().connect() as connection:
        (now,) = standings(connection, [queue.fit_run_id])
    assert line_of(now, 62.0) == "156 of 1,000 visits fitted, 62/s, 0:00:14 left"
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(drawn(now, 62.0))
    shown = console.export_text()
    assert "payne_lamost" in shown
    assert "ann" in shown
    assert "abacus" in shown


def test_rate_is_that_of_the_last_minute() -> None:
    rate = Rate()
    assert rate.per_second == 0.0
    for at, fitted in ((0.0, 0), (100.0, 1000), (130.0, 4000)):
        rate.add(fitted, at=at)
    assert rate.per_second == 100.0


def test_prometheus_is_told(desk: Desk) -> None:
    run, port = desk.run(), free_port()
    with desk.database.engine().connect() as connection:
        (now,) = standings(connection, [run])
    with telling(port) as tell:
        tell(now)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            text = answer.read().decode()
    assert f'starledger_visits{{model="payne_lamost",run="{run}",state="pending"}} 1000.0' in text
