"""The embedded PostgreSQL server: started by the first client, stopped by the last one out.

Each client process holds ``clients.lock`` shared; whoever leaves tries to hold it alone, and who
can is the last. The kernel frees the locks of the killed. Starting and stopping happen under
``start.lock``.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from types import FrameType, TracebackType
from typing import NoReturn, Self

from sqlalchemy import URL

from starledger.schema.embedded.binaries import Binaries
from starledger.schema.embedded.cluster import DATABASE, START_PATIENCE_S, Cluster
from starledger.schema.embedded.faults import writing_in
from starledger.schema.embedded.locks import alone, hold_shared, open_lock, try_alone
from starledger.schema.embedded.place import PORT, find_place, make_place
from starledger.schema.errors import FolderLocked, StarledgerError
from starledger.schema.roles import Role

LOCK_PATIENCE_S = START_PATIENCE_S + 60
"""Seconds to wait for others that start or stop the server, which may themselves have to wait."""

log = logging.getLogger(__name__)

_joined: set[EmbeddedServer] = set()
_changing = threading.RLock()
"""Held while this process joins or leaves; a fork waits for it, lest a child inherit a lock."""


class EmbeddedServer:
    """The embedded server of a home, as one client sees it.

    Any number of threads may share one; each `join` wants its `leave`. A child made by ``fork``
    has not joined, whatever its parent has done: it joins for itself.

    Parameters
    ----------
    home
        The folder of `starledger.schema.settings.Settings.home`. It need not exist.

    Examples
    --------
    >>> server = EmbeddedServer(Path("/nowhere/stars"))
    >>> server.is_running()
    False
    >>> str(server.data_folder)
    '/nowhere/stars/postgres/data'
    """

    def __init__(self, home: Path) -> None:
        self.home = home.expanduser().absolute()
        self._settled: Cluster | None = None
        self._joins = 0
        self._clients_lock: FileIO | None = None

    @property
    def data_folder(self) -> Path:
        """PostgreSQL's data folder."""
        return self._cluster.place.data

    @property
    def log_file(self) -> Path:
        """The server's log."""
        return self._cluster.place.log_file

    @property
    def socket_folder(self) -> Path:
        """The folder of the server's socket, which is a connection's ``host``."""
        return self._cluster.place.socket_folder

    @property
    def binaries(self) -> Binaries:
        """The programs of the server's version."""
        with writing_in(self._cluster.place.folder):
            return self._cluster.binaries

    def url(self, role: str = Role.OWNER, database: str = DATABASE) -> URL:
        """Return the address of a database: from the first `join` on, for the life of the home.

        Parameters
        ----------
        role
            The PostgreSQL role to connect as.
        database
            The database.

        Examples
        --------
        >>> EmbeddedServer(Path("/nowhere/stars")).url("starledger_reader")
        postgresql+psycopg://starledger_reader@/starledger?host=%2Ftmp%2Fstarledger-...&port=5432
        """
        query = {"host": str(self.socket_folder), "port": str(PORT)}
        return URL.create("postgresql+psycopg", username=role, database=database, query=query)

    def is_running(self) -> bool:
        """Tell whether the server is there; start nothing."""
        return self._cluster.is_listening()

    def join(self) -> None:
        """Become a client: start the server if need be, and keep it running until `leave`.

        Raises
        ------
        StarledgerError
            If the server cannot be had; the error says what to do.
        """
        with _changing:
            if self._joins == 0:
                self._enter()
            self._joins += 1

    def leave(self) -> None:
        """Undo a `join`; the last client of all stops the server."""
        with _changing:
            if self._joins == 1:
                self._exit()
            elif self._joins > 1:
                self._joins -= 1

    def ensure_running(self) -> None:
        """Start the server again if it died since `join`; cheap if it did not.

        To be called before a connection is made. Joins if this process has not (a forked child).
        """
        if self._joins and self.is_running():
            return
        with _changing:
            if self._joins == 0:
                self.join()
                return
            with self._starting_or_stopping():
                self._cluster.bring_up()

    def stop(self, *, force: bool = False) -> bool:
        """Stop the server and tell whether there was one.

        Parameters
        ----------
        force
            Stop it under the feet of other clients, whose transactions are rolled back. Otherwise
            they make this an error.

        Raises
        ------
        FolderLocked
            If there are other clients.
        """
        if not self.is_running():
            return False
        with _changing, self._starting_or_stopping():
            if not force and self._has_others():
                raise FolderLocked(
                    f"Other processes use the database in {self.home}.",
                    remedy="Wait for them, or end their sessions too with `--force`.",
                )
            return self._cluster.stop()

    def __enter__(self) -> Self:
        self.join()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.leave()

    @property
    def _cluster(self) -> Cluster:
        # Until we join, another process may be the one to settle where the home's server lives.
        return self._settled or Cluster(find_place(self.home))

    @contextmanager
    def _starting_or_stopping(self) -> Iterator[None]:
        place = self._cluster.place
        with writing_in(place.folder), alone(place.start_lock, patience_s=LOCK_PATIENCE_S):
            yield

    def _enter(self) -> None:
        self._settled = Cluster(make_place(self.home))
        with self._starting_or_stopping():
            lock = open_lock(self._cluster.place.clients_lock)
            try:
                hold_shared(lock)
                self._cluster.bring_up()
            except BaseException:
                self._release(lock)
                raise
        self._clients_lock = lock
        _joined.add(self)
        _turn_signals_into_exits()

    def _exit(self) -> None:
        lock, self._clients_lock, self._joins = self._clients_lock, None, 0
        _joined.discard(self)
        if lock is not None:
            with lock, self._starting_or_stopping():
                self._release(lock)

    def _release(self, lock: FileIO) -> None:
        with lock:
            if try_alone(lock):
                self._cluster.stop()

    def _has_others(self) -> bool:
        """Tell whether other clients live; only under ``start.lock``, where none can come."""
        if self._clients_lock is None:
            with open_lock(self._cluster.place.clients_lock) as lock:
                return not try_alone(lock)
        try:
            return not try_alone(self._clients_lock)
        finally:
            hold_shared(self._clients_lock)


def _leave_everywhere() -> None:
    for server in list(_joined):
        try:
            with _changing:
                server._exit()
        except StarledgerError as error:
            log.warning("The embedded PostgreSQL was not left in order. %s", error)


def _forget_in_child() -> None:
    # Closing the parent's lock here does not free it: the parent still has it open.
    for server in list(_joined):
        if server._clients_lock is not None:
            server._clients_lock.close()
        server._clients_lock, server._joins = None, 0
    _joined.clear()
    _changing.release()


def _turn_signals_into_exits() -> None:
    """Let SIGTERM and SIGHUP end the process by way of ``atexit``, if nobody else handles them."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _exit_on_signal)


def _exit_on_signal(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


atexit.register(_leave_everywhere)
os.register_at_fork(
    before=_changing.acquire, after_in_parent=_changing.release, after_in_child=_forget_in_child
)
