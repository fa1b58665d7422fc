"""Waiting for the database in a way that Ctrl-C ends, here and on the server."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import current_thread, main_thread
from typing import TypeVar

Result = TypeVar("Result")

_AGAIN = 0.2
"""Seconds until a cancelling is repeated: it is lost on who is between two statements."""


def interruptible(work: Callable[[], Result], cancel: Callable[[], None]) -> Result:
    """Return what some work gives; if it is interrupted, cancel it before the interrupt goes on.

    Python hears signals in the main thread alone, and there only between its own instructions: so
    the work, which waits for long in the driver, is done by another.

    Parameters
    ----------
    work
        What waits for the database.
    cancel
        Makes the work end early, with whatever error; may be called several times.

    Examples
    --------
    >>> interruptible(lambda: 6 * 7, cancel=lambda: None)
    42
    """
    if current_thread() is not main_thread():
        return work()
    with ThreadPoolExecutor(1, "query") as pool:
        future = pool.submit(work)
        try:
            return future.result()
        except KeyboardInterrupt:
            _cancel(future, cancel)
            raise


def _cancel(future: Future[Result], cancel: Callable[[], None]) -> None:
    while not future.done():
        cancel()
        wait([future], _AGAIN)
