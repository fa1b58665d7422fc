"""Chunks packed by several processes, which come back in their order."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from starledger.ingest.pixels.chunks import Chunk, PackedChunk, Task, pack_chunk
from starledger.schema.errors import StarledgerError

_AHEAD = 2
"""Chunks that wait for each process to be free, or to be entered, beyond the ones in work."""


class ProcessLost(StarledgerError):
    """A process that read spectra was killed."""


class _Process:
    """What a process is there to do, given to it once and not with every chunk."""

    task: Task


def _begin(task: Task) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _Process.task = task


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        # A killed parent tells nobody; without this its processes would wait for work for ever.
        os._exit(1)


def _pack(chunk: Chunk) -> PackedChunk:
    return pack_chunk(_Process.task, chunk)


def packed_in_order(
    task: Task, chunks: Iterator[Chunk], processes: int
) -> Generator[PackedChunk, None, None]:
    """Yield what comes of chunks, in their order.

    Parameters
    ----------
    task
        Sent to each process once.
    chunks
        Asked for only so far ahead that the processes are kept busy.
    processes
        How many; with one, all is done here.

    Raises
    ------
    ProcessLost
        A process was killed.
    """
    if processes == 1:
        for chunk in chunks:
            yield pack_chunk(task, chunk)
        return
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, spawn, _begin, (task,))
    try:
        yield from _in_order(pool, chunks, processes + _AHEAD)
    except BrokenProcessPool as error:
        raise ProcessLost(
            "A process that read spectra was killed; perhaps the memory was full.",
            remedy="Run the same command again to go on, with fewer --processes if need be.",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(
    pool: ProcessPoolExecutor, chunks: Iterator[Chunk], most: int
) -> Iterator[PackedChunk]:
    under_way: deque[Future[PackedChunk]] = deque()
    for chunk in chunks:
        with _deaf_to_interrupts():
            under_way.append(pool.submit(_pack, chunk))
        if len(under_way) >= most:
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Put Ctrl-C off; a process begun meanwhile never hears it.

    It reaches every process of the terminal, but only the first one is to act on it.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
