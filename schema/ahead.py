"""Work ahead: what an iterator makes next is made in a thread while the last is being used."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Generator, Iterable
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar, cast

Item = TypeVar("Item")

_LOOK = 0.1
"""So often, in seconds, a full queue is asked whether anyone still wants what is in it."""


class _End:
    """Behind the last item: the error that ended it, if one did."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def ahead(
    items: Iterable[Item], most: int = 2, give_up: Callable[[], object] = lambda: None
) -> Generator[Item]:
    """Yield items that a thread makes, a few at most before they are asked for.

    An error of the iterator comes out here. If the last items are not asked for, the thread ends
    at the item that it is at.

    Parameters
    ----------
    items
        Whatever makes them must not need the caller's thread.
    most
        How many wait at most.
    give_up
        Called at the end, from the caller's thread: makes whatever an item still waits for end.

    Examples
    --------
    >>> list(ahead(n * n for n in range(4)))
    [0, 1, 4, 9]
    """
    queue: Queue[Item | _End] = Queue(most)
    unwanted = Event()
    context = contextvars.copy_context()
    thread = Thread(
        target=context.run, args=(_make, items, queue, unwanted), name="ahead", daemon=True
    )
    thread.start()
    try:
        while not isinstance(item := queue.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        unwanted.set()
        give_up()
        _empty(queue)
        thread.join()


def _make(items: Iterable[Item], queue: Queue[Item | _End], unwanted: Event) -> None:
    end = _End()
    iterator = iter(items)
    try:
        for item in iterator:
            if not _put(queue, item, unwanted):
                break
    except BaseException as error:
        end = _End(error)
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            close()
    _put(queue, end, unwanted)


def _put(queue: Queue[Item | _End], item: Item | _End, unwanted: Event) -> bool:
    while not unwanted.is_set():
        try:
            queue.put(item, timeout=_LOOK)
        except Full:
            continue
        return True
    return False


def _empty(queue: Queue[Item | _End]) -> None:
    try:
        while True:
            cast("object", queue.get_nowait())
    except Empty:
        pass
