"""Labels alone give back the magnitudes of the isochrones."""

from __future__ import annotations

import numpy as np
import pytest

from starledger.compute.simulate.population.isochrones import isochrone
from starledger.compute.simulate.population.photometry import absolute_magnitudes
from starledger.compute.simulate.population.spectroscopic_parallax import (
    likely_mass,
    spectroscopic_magnitudes,
)


@pytest.mark.parametrize(
    ("teff", "logg", "mass"), [(5772, 4.44, 1.0), (4440, 4.63, 0.72), (6550, 4.3, 1.35)]
)
def test_masses_of_dwarfs(teff: float, logg: float, mass: float) -> None:
    found = likely_mass(np.array([teff]), np.array([logg]), np.array([0.0]))[0]
    assert found == pytest.approx(mass, rel=0.06)


def test_dwarfs_give_back_their_magnitudes() -> None:
    rng = np.random.default_rng(3)
    mass, fe_h = rng.uniform(0.55, 1.0, 300), rng.uniform(-1.0, 0.3, 300)
    stars = isochrone(rng.uniform(0.5, 5.0, 300), fe_h, mass)
    true = absolute_magnitudes(stars.teff, fe_h, stars.luminosity)
    error = spectroscopic_magnitudes(stars.teff, stars.logg, fe_h) - true
    assert np.abs(error).max() < 0.25
    assert np.median(np.abs(error)) < 0.04
