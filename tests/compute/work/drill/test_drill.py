from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.compute.work.drill.cast import ROOT

FAULTS = 20


@pytest.mark.slow
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
