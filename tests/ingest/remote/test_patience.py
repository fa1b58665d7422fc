from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starledger.ingest.remote.faults import PassingFault, ServiceFailed
from starledger.ingest.remote.patience import Patience, Stopped, Waiting
from tests.ingest.remote.conftest import NoWait


def failing(times: int, after_s: float | None = None) -> list[PassingFault | int]:
    """Return what comes of asking: some faults, then 42."""
    return [*[PassingFault("Busy.", after_s)] * times, 42]


def persist(patience: Patience, came: list[PassingFault | int]) -> int:
    def ask() -> int:
        first = came.pop(0)
        if isinstance(first, PassingFault):
            raise first
        return first

    return patience.persist(ask, lambda _: None)


def test_waits_double_up_to_the_longest() -> None:
    waiting = NoWait()
    patience = Patience(waiting=waiting, chance=lambda: 1.0, longest_s=10.0)
    assert persist(patience, failing(5)) == 42
    assert waiting.waits == [2.0, 4.0, 8.0, 10.0, 10.0]


def test_the_last_try_counts() -> None:
    patience = Patience(tries=3, waiting=NoWait())
    assert persist(patience, failing(2)) == 42
    with pytest.raises(ServiceFailed, match=r"Busy\. That was try 3 of 3"):
        persist(patience, failing(3))


@given(st.floats(0, 1), st.floats(0, 1e6) | st.none(), st.integers(1, 7))
def test_waits_keep_to_their_bounds(chance: float, after_s: float | None, times: int) -> None:
    waiting = NoWait()
    persist(Patience(waiting=waiting, chance=lambda: chance), failing(times, after_s))
    for number, seconds in enumerate(waiting.waits):
        assert seconds >= min(after_s or 0.0, 3600.0)
        assert seconds >= min(2.0**number, 150.0)
        assert seconds <= max(min(2.0 ** (number + 1), 300.0), min(after_s or 0.0, 3600.0))


def test_polls_end_when_a_job_has_had_its_time() -> None:
    assert list(Patience(job_s=70.0).polls()) == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_waiting_ends_when_told() -> None:
    waiting = Waiting()
    threading.Timer(0.0, waiting.end).start()
    with pytest.raises(Stopped):
        waiting.pause(60.0)
