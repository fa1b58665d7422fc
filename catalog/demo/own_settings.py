"""The settings of the demonstration: nothing that the user has configured reaches it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starledger.schema.settings import PREFIX

OWN_SETTINGS = {
    "DASHBOARD_PORT": "0",
    # Whoever was killed is not waited for longer than this.
    "LEASE_SECONDS": "15",
    "RETRY_SECONDS": "1",
}


@contextmanager
def own_settings(folder: Path) -> Iterator[None]:
    """Let the commands, and the workers they start, have the demonstration's settings alone.

    What the user has configured, a server or a folder of shards, is for real stars.

    Parameters
    ----------
    folder
        Of the demonstration.
    """
    theirs = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    ours = {**OWN_SETTINGS, "CONFIG": str(folder / "no.toml")}
    for name in theirs:
        del os.environ[name]
    os.environ.update({PREFIX + name: value for name, value in ours.items()})
    try:
        yield
    finally:
        for name in ours:
            del os.environ[PREFIX + name]
        os.environ.update(theirs)
