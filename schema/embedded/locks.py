"""Locks on files that the kernel frees when their holders are gone, however they went."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from starledger.schema.errors import FolderLocked

POLL_S = 0.02


def open_lock(path: Path) -> FileIO:
    """Open a lock file, making it if needed; closing it frees what it holds."""
    return FileIO(path, "r+", opener=_make_or_open)


def hold_shared(lock: FileIO) -> None:
    """Hold a lock together with others; wait for whoever holds it alone."""
    fcntl.flock(lock, fcntl.LOCK_SH)


def try_alone(lock: FileIO) -> bool:
    """Try to hold a lock alone; on failure it may hold nothing at all any more."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def alone(path: Path, *, patience_s: float) -> Iterator[None]:
    """Hold a lock file alone.

    Parameters
    ----------
    path
        The lock file.
    patience_s
        Seconds to wait for its holder before `FolderLocked` is raised.
    """
    give_up = time.monotonic() + patience_s
    with open_lock(path) as lock:
        while not try_alone(lock):
            if time.monotonic() > give_up:
                raise FolderLocked(
                    f"Another process has held {path} for {patience_s:.0f} s.",
                    remedy=f"Wait for it, or find it with `fuser {path}` and end it.",
                )
            time.sleep(POLL_S)
        yield


def _make_or_open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
