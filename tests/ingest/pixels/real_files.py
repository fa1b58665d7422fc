"""The real surveys' spectrum files, unpacked."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

from tests.real_data import real_path

FOLDERS = {
    "lamost/pilot": ("lamost", 176),
    "lamost/dr7_plate": ("lamost", 100),
    "lamost/formats": ("lamost", 6),
    "apogee/apstar": ("apogee", 8),
    "apogee/apvisit": ("apogee", 3),
    "boss": ("sdss", 6),
}
"""Folders of spectra: survey, and number of files."""


def paths(folder: str) -> list[Path]:
    """Return the spectrum files of a folder."""
    found = sorted(p for p in real_path(folder).iterdir() if p.name.endswith((".fits", ".gz")))
    assert len(found) == FOLDERS[folder][1]
    return found


def real_files(every: int = 1) -> Iterator[tuple[str, bytes]]:
    """Yield the path and the unpacked bytes of every so many files of each folder."""
    for folder in FOLDERS:
        for path in paths(folder)[::every]:
            contents = path.read_bytes()
            if path.suffix == ".gz":
                contents = gzip.decompress(contents)
            yield str(path), contents
