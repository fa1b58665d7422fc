"""Work shared between processes, with the same outcome whatever their number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TypeVar, cast

import torch

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread: sums then do not depend on the number of processors."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Task:
    """What the process is there to do, given to it once and not with every item."""

    function: Callable[..., object]


def _begin(function: Callable[..., object]) -> None:
    torch.set_num_threads(1)
    _Task.function = function


def _do(item: object) -> object:
    return _Task.function(item)


def in_order(
    function: Callable[[Item], Answer], items: Iterable[Item], processes: int
) -> Iterator[Answer]:
    """Yield what a function makes of items, in their order.

    Parameters
    ----------
    function
        Sent to each process once, so that it may carry much.
    items
        Sent one by one.
    processes
        How many; with one, all is done here.

    Examples
    --------
    >>> list(in_order(abs, [-1, 2, -3], 1))
    [1, 2, 3]
    """
    if processes == 1:
        with one_thread():
            yield from map(function, items)
        return
    # A forked copy of a process in which torch has threads may hang.
    spawn = get_context("spawn")
    with ProcessPoolExecutor(processes, spawn, _begin, (function,)) as pool:
        yield from cast("Iterator[Answer]", pool.map(_do, items))
