"""Which crossmatch gives a model its labels."""

from __future__ import annotations

import pytest

from starledger.compute.models.cannon.training import BadTrainingSet
from starledger.compute.training.matches import last_match, match_of
from starledger.ingest.surveys import UnknownDataRelease
from tests.compute.training.two_surveys import CATALOG, SPECTRA, Matched

pytestmark = pytest.mark.integration


def test_the_last_one_counts_or_the_one_that_is_named(matched: Matched) -> None:
    again = matched.match(CATALOG)
    with matched.database.engine().connect() as connection:
        assert last_match(connection, SPECTRA, CATALOG).run_id == again
        first = last_match(connection, SPECTRA, CATALOG, matched.run)
        assert first == match_of(connection, matched.run)
    assert first.run_id == matched.run
    assert (first.spectra.name, first.catalog.name) == ("spectrum", "galah_star")
    assert first.places["teff"] > 0


def test_what_was_not_matched_is_refused(matched: Matched) -> None:
    with matched.database.engine().connect() as connection:
        with pytest.raises(BadTrainingSet, match="No crossmatch run matched") as caught:
            last_match(connection, CATALOG, SPECTRA)
        assert "starledger crossmatch" in str(caught.value.remedy)
        with pytest.raises(BadTrainingSet, match="Run 1 is no crossmatch that matched"):
            last_match(connection, SPECTRA, CATALOG, 1)
        with pytest.raises(UnknownDataRelease, match="galah/dr9"):
            last_match(connection, SPECTRA, "galah/dr9")
