from __future__ import annotations

import threading

import pytest

from starledger.ingest.remote.turns import in_turn, side_by_side


def split(n: int) -> tuple[int, list[int]]:
    """Do a task of some size, which brings two of half of it."""
    return n, [n // 2, n - n // 2] if n > 1 else []


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_all_is_done_at_once_as_in_turn(at_once: int) -> None:
    tasks = [8, 3, 1, 13]
    assert sorted(side_by_side(tasks, split, at_once, lambda: None)) == sorted(
        in_turn(tasks, split)
    )


def test_a_failure_ends_the_others() -> None:
    ended, started = threading.Event(), threading.Event()

    def do(task: str) -> tuple[str, list[str]]:
        if task == "fail":
            started.wait(30)
            raise ValueError(task)
        started.set()
        assert ended.wait(30)
        return task, []

    with pytest.raises(ValueError, match="fail"):
        list(side_by_side(["fail", "wait", "never"], do, 2, ended.set))
    assert ended.is_set()
