"""One drawing of stars that the tests of the simulated sky share."""

from __future__ import annotations

import pytest

from starledger.compute.simulate.population.stars import Stars
from starledger.compute.simulate.population.truth import draw_stars


@pytest.fixture(scope="session")
def stars() -> Stars:
    """Stars of all kinds."""
    return draw_stars(20_000, seed=20)
