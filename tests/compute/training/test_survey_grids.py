"""On which pixels models are trained where nobody names any."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import text

from starledger.compute.training.abinitio import SPECTROGRAPHS
from starledger.compute.training.survey_grids import survey_grid
from tests.compute.training.test_overlap import found_in
from tests.compute.training.two_surveys import Matched

pytestmark = pytest.mark.integration


def test_a_known_instrument_has_its_own(matched: Matched) -> None:
    found = found_in(matched)
    with matched.database.engine().connect() as connection:
        grid = survey_grid(connection, found)
    assert (grid == SPECTROGRAPHS["lamost_lrs"].wavelength).all()


def test_another_one_has_that_of_most_spectra(matched: Matched) -> None:
    found = replace(found_in(matched), instrument="lamost_mrs:red")
    with matched.database.engine().connect() as connection:
        grid = survey_grid(connection, found)
        shard = connection.execute(
            text("SELECT grid_start, n_pixels FROM ledger.shard WHERE shard_id = :id"),
            {"id": int(np.bincount(found.shard_ids).argmax())},
        ).one()
    assert len(grid) == shard.n_pixels
    assert grid[0] == pytest.approx(shard.grid_start)
    np.testing.assert_allclose(np.diff(np.log10(grid)), 1e-4, rtol=1e-6)
