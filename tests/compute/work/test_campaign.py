"""Campaigns with processes that die, and on two machines."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compute.work.drill.cast import ROOT

SCRIPT = Path(__file__).with_name("two_machines.sh")
POSTGRESQL = Path("/usr/lib/postgresql/15/bin")
VISITS = 300
FAULTS = 20


@pytest.mark.drill
def test_nothing_is_lost_doubled_or_silent_whatever_dies() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.compute.work.drill", "--faults", str(FAULTS)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode == 0, said
    summary = ended.stdout.splitlines()[-1]
    found = re.match(r"(\d+) faults in", summary)
    assert found is not None, said
    assert int(found[1]) >= FAULTS
    assert summary.endswith("0 lost, 0 doubled, 0 silent."), said


def _namespaces() -> bool:
    """Tell whether we may make networks of our own here."""
    if os.geteuid() != 0:
        return False
    name = f"startry{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], check=False, capture_output=True).returncode:
        return False
    subprocess.run(["ip", "netns", "del", name], check=True)
    return True


@pytest.mark.slow
@pytest.mark.skipif(
    not (shutil.which("ip") and (POSTGRESQL / "initdb").exists()) and not os.environ.get("CI"),
    reason="needs iproute2 and Debian's PostgreSQL 15; with CI in the environment it fails",
)
def test_workers_of_another_machine_fit_what_the_server_has() -> None:
    if not _namespaces():
        pytest.skip("this machine lets us make no networks")
    ended = subprocess.run(
        [SCRIPT],
        cwd=ROOT,
        env={**os.environ, "PYTHON": sys.executable, "VISITS": str(VISITS)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    found, _ = json.JSONDecoder().raw_decode(ended.stdout)
    assert found[0]["good"] + found[0]["flagged"] == VISITS
