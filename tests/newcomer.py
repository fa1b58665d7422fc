"""Somebody who has just come: a home, our command, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def environment(home: Path) -> dict[str, str]:
    """Return the environment of somebody with this home.

    Tests run side by side: one thread each.
    """
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {"HOME": str(home), "PATH": search, "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"}


def typed(command: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Return what came of a command of the shell, its errors among its output."""
    return subprocess.run(
        ["bash", "-c", command],
        cwd=home,
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
