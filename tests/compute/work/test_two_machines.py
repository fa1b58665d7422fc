from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("two_machines.sh")
POSTGRESQL = Path("/usr/lib/postgresql/15/bin")
VISITS = 300


def _namespaces() -> bool:
    """Tell whether we may make networks of our own here."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    name = f"startry{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], check=False, capture_output=True).returncode:
        return False
    subprocess.run(["ip", "netns", "del", name], check=True)
    return True


@pytest.mark.slow
def test_workers_of_another_machine_fit_what_the_server_has() -> None:
    if not (POSTGRESQL / "initdb").exists() or not _namespaces():
        pytest.skip("needs root, network namespaces and Debian's PostgreSQL 15")
    ended = subprocess.run(
        [SCRIPT],
        env={**os.environ, "PYTHON": sys.executable, "VISITS": str(VISITS)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    found, _ = json.JSONDecoder().raw_decode(ended.stdout)
    assert found[0]["good"] + found[0]["flagged"] == VISITS
