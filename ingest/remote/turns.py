"""Doing the pieces of a download in turn or several at a time; a piece may bring more pieces."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

Task = TypeVar("Task")
Came = TypeVar("Came")


def in_turn(tasks: Iterable[Task], do: Callable[[Task], tuple[Came, list[Task]]]) -> Iterator[Came]:
    """Do tasks one after the other, and yield what came of each.

    Parameters
    ----------
    tasks
        What is to be done.
    do
        Does one, and returns what came of it with the tasks that it brings, which are next.

    Examples
    --------
    >>> list(in_turn([4, 1], lambda n: (n, [n // 2, n // 2] if n > 2 else [])))
    [4, 2, 2, 1]
    """
    todo = deque(tasks)
    while todo:
        came, more = do(todo.popleft())
        todo.extendleft(reversed(more))
        yield came


def side_by_side(
    tasks: Iterable[Task],
    do: Callable[[Task], tuple[Came, list[Task]]],
    at_once: int,
    give_up: Callable[[], None],
) -> Iterator[Came]:
    """Do several tasks at once, and yield what came of each as it is done.

    Parameters
    ----------
    tasks, do
        As for `in_turn`; ``do`` is called in other threads.
    at_once
        How many.
    give_up
        Makes the tasks under way end soon; called when no more are wanted.
    """
    todo = deque(tasks)
    running: set[Future[tuple[Came, list[Task]]]] = set()
    with ThreadPoolExecutor(at_once) as pool:
        try:
            while todo or running:
                while todo and len(running) < at_once:
                    running.add(pool.submit(do, todo.popleft()))
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    came, more = future.result()
                    todo.extendleft(reversed(more))
                    yield came
        finally:
            if running:
                give_up()
