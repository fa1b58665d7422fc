"""A program that ingests made-up spectra, for tests that kill it.

``python -m tests.ingest.pixels.ingest_made_up DATABASE SHARD_ROOT FOLDER PROCESSES``
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from starledger.ingest.pixels.spectra_run import ingest_spectra
from starledger.ingest.pixels.spectrum import ReadSpectrum
from starledger.schema.console import say
from starledger.schema.database import open_database
from starledger.schema.settings import load_settings
from tests.ingest.pixels.made_up import made_up, read_made_up


def read_slowly(survey: str, name: str, contents: bytes) -> tuple[str, list[ReadSpectrum]]:
    """Read a made-up file; one whose name begins with ``wait`` names a pipe to wait for."""
    if name.startswith("wait"):
        Path(contents.decode()).read_text()
        return "made_up", [made_up(name)]
    return read_made_up(survey, name, contents)


def read_and_die(survey: str, name: str, contents: bytes) -> tuple[str, list[ReadSpectrum]]:
    """Read a made-up file; at the file ``06.json`` the process is killed."""
    if name == "06.json":
        os.kill(os.getpid(), signal.SIGKILL)
    return read_made_up(survey, name, contents)


@contextmanager
def _telling(_doing: str, total: int) -> Iterator[Callable[[int], None]]:
    say(f"begun: {total}")
    yield lambda more: say(f"entered: {more}")


def main(url: str, root: str, folder: str, processes: str) -> None:
    """Ingest the folder."""
    settings = load_settings({"database_url": url}, {}).settings
    with open_database(settings) as database:
        done = ingest_spectra(
            database, Path(root), "lamost", "dr5", [Path(folder)], processes=int(processes),
            read=read_slowly, size=lambda _: 10, progress=_telling,
        )  # fmt: skip
    say(f"done: {done.n_read}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        exec("")  # noqa: S102 - see starledger.__main__.main
        sys.exit(130)
