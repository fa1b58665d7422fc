"""Stars are held out whole, and by a seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from starledger.compute.models.cannon.training import BadTrainingSet
from starledger.compute.training.held_out import drawn, stars_of
from tests.compute.training.two_surveys import Matched


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=80), st.floats(0, 1), st.integers(0, 2**32)
)
def test_all_spectra_of_a_star_are_held_out_or_none(
    numbers: list[int], share: float, seed: int
) -> None:
    stars = np.array(numbers, np.int64)
    out = drawn(stars, share, seed)
    assert not set(stars[out]) & set(stars[~out])
    assert len(set(stars[out])) == round(share * len(set(stars)))
    assert (drawn(stars[::-1], share, seed) == out[::-1]).all()


def test_the_draw_follows_the_seed() -> None:
    stars = np.arange(100)
    assert (drawn(stars, 0.3, 1) == drawn(stars, 0.3, 1)).all()
    assert (drawn(stars, 0.3, 1) != drawn(stars, 0.3, 2)).any()


@pytest.mark.integration
def test_stars_of_spectra_are_those_of_the_last_star_run(matched: Matched) -> None:
    with matched.database.engine().connect() as connection:
        rows = connection.execute(text("SELECT spectrum_id, star_id FROM ledger.star_member")).all()
        spectra = np.array([row.spectrum_id for row in rows])[::-1]
        found = stars_of(connection, spectra)
        assert dict(zip(spectra.tolist(), found.tolist(), strict=True)) == {
            row.spectrum_id: row.star_id for row in rows
        }
        with pytest.raises(BadTrainingSet, match="1 of 2 spectra belong to no star yet") as caught:
            stars_of(connection, np.array([rows[0].spectrum_id, 10**9]))
    assert "starledger stars assign" in str(caught.value.remedy)
