"""What the tests of training on observed spectra share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.compute.training.two_surveys import Matched, two_surveys
from tests.conftest import Server


@pytest.fixture(scope="session")
def matched(
    server: Server, upgraded: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Matched]:
    """Return a ledger with both surveys; tests add training sets and models of their own names."""
    with server.database(upgraded) as database:
        yield two_surveys(database, tmp_path_factory.mktemp("overlap"))
