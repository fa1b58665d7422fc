"""How often a service is asked again, and how long is waited in between."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from starledger.ingest.remote.faults import PassingFault, ServiceFailed

Given = TypeVar("Given")


class Stopped(Exception):
    """The download ends; who waits need not wait longer."""


class Waiting:
    """Waits that can be ended from outside."""

    def __init__(self) -> None:
        self._ended = threading.Event()

    def pause(self, seconds: float) -> None:
        """Wait so many seconds, or raise `Stopped` as soon as all waiting is ended."""
        if self._ended.wait(seconds):
            raise Stopped

    def end(self) -> None:
        """End all waiting, also in other threads."""
        self._ended.set()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long we try.

    Parameters
    ----------
    tries
        How often a piece is asked for before we give up.
    first_s, longest_s
        Seconds of the first wait, each next being twice as long, and of the longest.
    poll_s, longest_poll_s
        The same between looks at a job that is under way.
    job_s
        Seconds that a job may take; then it is cut in two.
    timeout_s
        Seconds that a server may be silent.
    heed_s
        The longest wait that a server may ask us for.
    """

    tries: int = 8
    first_s: float = 2.0
    longest_s: float = 300.0
    poll_s: float = 1.0
    longest_poll_s: float = 30.0
    job_s: float = 7200.0
    timeout_s: float = 300.0
    heed_s: float = 3600.0
    waiting: Waiting = field(default_factory=Waiting)
    chance: Callable[[], float] = random.random

    def persist(self, ask: Callable[[], Given], tell: Callable[[str], None]) -> Given:
        """Ask until it succeeds, or the last try has failed.

        Parameters
        ----------
        ask
            What may raise `PassingFault`.
        tell
            Hears about every fault and wait.
        """
        for attempt in range(1, self.tries):
            try:
                return ask()
            except PassingFault as fault:
                seconds = self._wait_s(attempt, fault)
                tell(f"{fault.what} Try {attempt + 1} of {self.tries} in {seconds:.0f} s.")
                self.waiting.pause(seconds)
        try:
            return ask()
        except PassingFault as fault:
            raise ServiceFailed(
                f"{fault.what} That was try {self.tries} of {self.tries}.",
                remedy="What was fetched is kept: run the same command again later to go on.",
            ) from fault

    def polls(self) -> Iterator[float]:
        """Yield the seconds of the waits between looks at a job, until it has had its time."""
        waited, seconds = 0.0, self.poll_s
        while waited < self.job_s:
            yield seconds
            waited += seconds
            seconds = min(2 * seconds, self.longest_poll_s)

    def _wait_s(self, attempt: int, fault: PassingFault) -> float:
        longest = min(self.first_s * 2.0 ** (attempt - 1), self.longest_s)
        # Half is left to chance, lest all who were turned away come back at the same moment.
        ours = longest * (0.5 + 0.5 * self.chance())
        return ours if fault.after_s is None else max(ours, min(fault.after_s, self.heed_s))
