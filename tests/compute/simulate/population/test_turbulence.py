"""Motions in stars lie where they are measured."""

from __future__ import annotations

import numpy as np
import pytest

from starledger.compute.simulate.population.turbulence import line_motions


def medians(teff: float, logg: float, age: float) -> tuple[float, float, float]:
    """Median microturbulence, macroturbulence and rotation of such stars in km/s."""
    same = np.ones(4000)
    drawn = line_motions(teff * same, logg * same, age * same, np.random.default_rng(0))
    return tuple(float(np.median(column)) for column in drawn)  # type: ignore[return-value]


def test_sun() -> None:
    vmic, vmac, vsini = medians(5772.0, 4.44, 4.6)
    assert vmic == pytest.approx(1.0, abs=0.05)
    assert vmac == pytest.approx(3.2, abs=0.2)
    assert vsini == pytest.approx(1.7, abs=0.4)


def test_giants_are_more_turbulent_and_turn_slowly() -> None:
    vmic, vmac, vsini = medians(4700.0, 2.4, 3.0)
    assert 1.1 < vmic < 1.8
    assert vmac > 3.5
    assert vsini < 1.0


def test_hot_dwarfs_turn_fast() -> None:
    assert medians(7200.0, 4.2, 1.0)[2] > 30.0


def test_young_dwarfs_turn_faster() -> None:
    assert medians(5500.0, 4.5, 0.2)[2] > 3 * medians(5500.0, 4.5, 8.0)[2]
