"""Ends a demonstration as a power cut does: whatever belongs to it is killed at once."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

import psutil

from tests.newcomer import environment

FOLDER = Path(".local", "share", "starledger", "demo")
"""Where a demonstration lies in its user's home."""


def begin(home: Path) -> subprocess.Popen[str]:
    """Start the demonstration; its progress can be read line by line."""
    return subprocess.Popen(
        ["starledger", "demo", "--keep", "--json"],
        env=environment(home),
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_everything(begun: subprocess.Popen[str], home: Path) -> None:
    """Kill the command, its workers and the database server, those of them that still run."""
    doomed: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        command = psutil.Process(begun.pid)
        doomed += [command, *command.children(recursive=True)]
    pid_file = home / FOLDER / "postgres" / "data" / "postmaster.pid"
    with contextlib.suppress(FileNotFoundError, psutil.NoSuchProcess):
        postmaster = psutil.Process(int(pid_file.read_text().split()[0]))
        doomed += [postmaster, *postmaster.children(recursive=True)]
    for process in doomed:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(doomed, timeout=30)
    begun.communicate()
