"""Dust grows with distance and lies in the plane."""

from __future__ import annotations

import numpy as np
import pytest

from starledger.compute.simulate.population.dust import LOCAL_EXTINCTION, SCALE_HEIGHT, extinction
from starledger.compute.simulate.population.galaxy import SUN_HEIGHT


def test_more_dust_farther_away() -> None:
    reach = np.geomspace(10.0, 20_000.0, 50)
    column = extinction(np.full(50, 290.0), np.full(50, 40.0), reach)
    assert np.all(np.diff(column) > 0)


def test_column_to_the_pole() -> None:
    found = extinction(np.array([192.8595]), np.array([27.1283]), np.array([3000.0]))[0]
    above = LOCAL_EXTINCTION * SCALE_HEIGHT * np.exp(-SUN_HEIGHT / SCALE_HEIGHT)
    assert found == pytest.approx(above, rel=0.02)


def test_near_column_in_the_plane() -> None:
    # l = 90, b = 0: neither inward nor outward.
    found = extinction(np.array([318.0]), np.array([48.33]), np.array([1000.0]))[0]
    assert found == pytest.approx(LOCAL_EXTINCTION * np.exp(-SUN_HEIGHT / SCALE_HEIGHT), rel=0.1)
