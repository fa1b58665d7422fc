"""The processes of the drill, each started again after it was killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[4]
LEASE_SECONDS, RETRY_SECONDS = 3.0, 0.5
WORKERS = 2
PATIENCE_SECONDS = 120.0


def until(true: Callable[[], bool], what: str) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not true():
        if time.monotonic() > end:
            raise AssertionError(f"In vain we waited that {what}.")
        time.sleep(0.05)


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Cast:
    """Scheduler, workers and client of one home.

    Parameters
    ----------
    home
        Of the ledger.
    """

    home: Path
    port: int = field(default_factory=free_port)
    scheduler: subprocess.Popen[bytes] | None = None
    crew: subprocess.Popen[bytes] | None = None
    client: subprocess.Popen[bytes] | None = None
    command: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def enter(self) -> None:
        """Start what is not running."""
        if self.scheduler is None or self.scheduler.poll() is not None:
            self._end(self.crew)
            self.scheduler = self._start(
                "scheduler", "distributed.cli.dask_scheduler", "--host", "127.0.0.1",
                "--port", str(self.port), "--no-dashboard",
            )  # fmt: skip
            until(self._listens, "the scheduler listens")
        if self.crew is None or self.crew.poll() is not None:
            self.crew = self._start(
                "crew", "tests.compute.work.drill.sabotage", str(self.home), self.address,
                str(WORKERS), str(LEASE_SECONDS), str(RETRY_SECONDS),
            )  # fmt: skip
        if self.client is None or self.client.poll() is not None:
            self.client = self._start("client", "starledger", *self.command)

    def leave(self) -> None:
        """End all."""
        for one in (self.client, self.crew, self.scheduler):
            self._end(one)

    def workers(self) -> list[psutil.Process]:
        """Return the processes that fit."""
        if self.crew is None or self.crew.poll() is not None:
            return []
        try:
            below = psutil.Process(self.crew.pid).children(recursive=True)
            return [one for one in below if "spawn_main" in " ".join(one.cmdline())]
        except psutil.Error:
            return []

    def _start(self, name: str, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src"))),
            "STARLEDGER_LEASE_SECONDS": str(LEASE_SECONDS),
            "STARLEDGER_RETRY_SECONDS": str(RETRY_SECONDS),
        }
        with (self.home / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=environment,
                cwd=ROOT,
            )

    def _listens(self) -> bool:
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.port)) == 0

    @staticmethod
    def _end(process: subprocess.Popen[bytes] | None) -> None:
        if process is None or process.poll() is not None:
            return
        below = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for one in below:
            if one.is_running():
                one.kill()
