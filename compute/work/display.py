"""The live display of a campaign: a table that is renewed, or plain lines where nobody looks on."""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from starledger.compute.work.standing import RunStanding, WorkerStanding
from starledger.schema.console import note

WINDOW_SECONDS = 60.0
"""The rate is that of the last minute."""
LINE_SECONDS = 10.0
"""Between plain lines."""
GONE_SECONDS = 120.0
"""A worker that wrote nothing for so long, and holds nothing, is no longer shown."""


class Rate:
    """How many visits are fitted in a second, over the last minute.

    Examples
    --------
    >>> rate = Rate()
    >>> rate.add(0, at=0.0)
    >>> rate.add(500, at=5.0)
    >>> rate.per_second
    100.0
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def add(self, fitted: int, at: float | None = None) -> None:
        """Note how many are fitted by now."""
        now = time.monotonic() if at is None else at
        self._seen.append((now, fitted))
        while now - self._seen[0][0] > WINDOW_SECONDS:
            self._seen.popleft()

    @property
    def per_second(self) -> float:
        """Visits per second; 0 before two looks."""
        if len(self._seen) < 2:
            return 0.0
        (began, first), (ended, last) = self._seen[0], self._seen[-1]
        return (last - first) / (ended - began) if ended > began else 0.0


def left(seconds: float) -> str:
    """Return a time in words.

    Examples
    --------
    >>> left(59.0), left(3700.0), left(200_000.0)
    ('0:00:59', '1:01:40', '2 days, 7:33:20')
    """
    return str(dt.timedelta(seconds=round(seconds)))


def line_of(standing: RunStanding, per_second: float) -> str:
    """Return where a run stands in one line."""
    parts = [f"{standing.fitted:,} of {standing.planned:,} visits fitted"]
    if standing.failed:
        parts.append(f"{standing.failed:,} failed")
    if standing.aside:
        parts.append(f"{standing.aside:,} set aside")
    if per_second > 0:
        parts.append(f"{per_second:,.0f}/s")
        if standing.waiting:
            parts.append(f"{left(standing.waiting / per_second)} left")
    return ", ".join(parts)


@contextmanager
def showing() -> Iterator[_Shown]:
    """Show a campaign on stderr; what it yields is to be told where the run stands."""
    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield _Lines()
        return
    with Live(console=console, redirect_stdout=False, auto_refresh=False) as live:
        yield _Table(live)


class _Shown:
    def __init__(self) -> None:
        self.rate = Rate()

    def __call__(self, standing: RunStanding) -> None:
        self.rate.add(standing.fitted)
        self.show(standing)

    def show(self, standing: RunStanding) -> None:
        raise NotImplementedError


class _Lines(_Shown):
    def __init__(self) -> None:
        super().__init__()
        self._shown, self._fitted = time.monotonic(), -1

    def show(self, standing: RunStanding) -> None:
        now = time.monotonic()
        news = standing.fitted != self._fitted
        if news and (now - self._shown >= LINE_SECONDS or not standing.waiting):
            note(line_of(standing, self.rate.per_second))
            self._shown, self._fitted = now, standing.fitted


class _Table(_Shown):
    def __init__(self, live: Live) -> None:
        super().__init__()
        self._live = live

    def show(self, standing: RunStanding) -> None:
        self._live.update(drawn(standing, self.rate.per_second), refresh=True)


def drawn(standing: RunStanding, per_second: float) -> Group:
    """Return what a terminal shows of a run."""
    table = Table("worker", "device", "fitted", "visits/s", "at work", "holds", box=None)
    now = dt.datetime.now(dt.UTC)
    for worker in standing.workers:
        if worker.holds or (now - worker.last_at).total_seconds() < GONE_SECONDS:
            table.add_row(*map(Text, _cells(worker)))
    return Group(
        Text(f"Run {standing.run}: {standing.model}, {standing.selection}"),
        ProgressBar(max(standing.planned, 1), standing.fitted + standing.aside, width=60),
        Text(line_of(standing, per_second)),
        table,
    )


def _cells(worker: WorkerStanding) -> tuple[str, ...]:
    span = max((worker.last_at - worker.first_at).total_seconds(), worker.seconds, 1e-3)
    return (
        worker.worker,
        worker.device,
        f"{worker.fitted:,}",
        f"{worker.fitted / max(worker.seconds, 1e-3):,.0f}",
        f"{100 * min(worker.seconds / span, 1.0):.0f} %",
        f"{worker.holds:,}",
    )
