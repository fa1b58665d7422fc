"""Where the real surveys' files are, for the tests that are marked `real_data`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
REAL_DATA = Path(os.environ.get("STARLEDGER_REAL_DATA", REPOSITORY.parent / "shared" / "data"))
"""The folder of real surveys' files; it may be missing."""


def real_path(*parts: str) -> Path:
    """Return a path in the folder of real data, or skip the test where there is none."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"no real data at {REAL_DATA}")
    return REAL_DATA.joinpath(*parts)
