"""Homes for the tests of the embedded server."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from starledger.schema.embedded import EmbeddedServer


@pytest.fixture
def server_home() -> Iterator[Path]:
    """Give a fresh home that the server's user can enter: root's ``tmp_path`` is closed to it."""
    home = Path(tempfile.mkdtemp(prefix="starledger-test-", dir="/tmp"))
    home.chmod(0o755)
    yield home
    server = EmbeddedServer(home)
    server.stop(force=True)
    shutil.rmtree(server.socket_folder, ignore_errors=True)
    shutil.rmtree(home)
