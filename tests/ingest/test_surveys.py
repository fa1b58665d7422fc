from __future__ import annotations

import pytest
from sqlalchemy import func, select

from starledger.ingest.surveys import (
    INSTRUMENTS,
    Release,
    UnknownDataRelease,
    ensure_data_release,
    ensure_instrument,
    find_data_release,
)
from starledger.schema.database import Database
from starledger.schema.tables import DataRelease, Instrument, Survey


@pytest.mark.parametrize("text", ["DR5", "dr 5", "", "dr5/", "dr5/v3/x", "5"])
def test_a_release_is_spelled_one_way(text: str) -> None:
    with pytest.raises(UnknownDataRelease, match="not the name of a data release"):
        Release.parse("lamost", text, "spectra")


def test_a_survey_must_be_known() -> None:
    with pytest.raises(UnknownDataRelease, match="'segue' is no survey"):
        Release.parse("segue", "dr5", "spectra")


@pytest.mark.integration
def test_a_data_release_is_entered_once_and_found_again(ledger: Database) -> None:
    release = Release.parse("galah", "dr3/v2", "allstar")
    other = Release.parse("galah", "dr3", "allstar")
    with ledger.engine().begin() as connection:
        number = ensure_data_release(connection, release)
        assert ensure_data_release(connection, release) == number
        assert ensure_data_release(connection, other) != number
        assert find_data_release(connection, release) == number
        with pytest.raises(UnknownDataRelease, match=r"no galah/dr4/v1:allstar\. .* galah/dr3/v2"):
            find_data_release(connection, Release.parse_whole("galah/dr4", "allstar"))
        assert connection.scalar(select(func.count()).select_from(DataRelease)) == 2
        assert connection.scalar(select(func.count()).select_from(Survey)) == 1


@pytest.mark.integration
def test_every_instrument_can_be_entered(ledger: Database) -> None:
    with ledger.engine().begin() as connection:
        numbers = {ensure_instrument(connection, name) for name in INSTRUMENTS}
        assert numbers == {ensure_instrument(connection, name) for name in INSTRUMENTS}
        assert connection.scalar(select(func.count()).select_from(Instrument)) == len(INSTRUMENTS)
