from __future__ import annotations

import numpy as np
import pytest
import torch

from starledger.compute.spectra.doppler import doppler_factor
from starledger.compute.spectra.grid import PixelGrid
from starledger.compute.spectra.lattice import Lattice, LatticeReader
from starledger.compute.spectra.stencils import TAPS, Form, Reader
from tests.real_data import real_path

WHOLE = PixelGrid.log10(5000.0, 1e-4, 300)
HOLED = PixelGrid.explicit(np.delete(WHOLE.wavelength, np.r_[100:130, 200:203]))
ELSEWHERE = PixelGrid.log10(5003.21, 1e-4, 280)
VELOCITIES = torch.tensor([-411.0, -13.0, 0.0, 0.02, 8.8, 3e4, torch.nan, 4e5], dtype=torch.float64)


@pytest.mark.parametrize("form", TAPS)
@pytest.mark.parametrize("old", [WHOLE, HOLED])
@pytest.mark.parametrize("new", [WHOLE, HOLED, ELSEWHERE])
def test_reads_as_on_any_grid(form: Form, old: PixelGrid, new: PixelGrid) -> None:
    lattice = LatticeReader.between(old, new, form, torch.float64)
    assert lattice is not None
    factor = doppler_factor(-VELOCITIES)
    quick = lattice.at_factors(factor)
    at = torch.from_numpy(new.wavelength) * factor[:, None]
    slow = Reader(old, form, torch.float64).at_points(at)
    rng = np.random.default_rng(1)
    values = torch.from_numpy(rng.normal(1, 0.1, (len(VELOCITIES), len(old))))
    assert torch.equal(quick.inside, slow.inside)
    assert torch.equal(quick.sloped, slow.sloped)
    for one, two in zip(quick.read_with_slopes(values), slow.read_with_slopes(values), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5, rtol=1e-8)
    marked = torch.from_numpy(rng.random(values.shape) < 0.1)
    assert torch.equal(quick.touches(marked), slow.touches(marked))
    ivar = torch.from_numpy(rng.uniform(1, 2, values.shape))
    np.testing.assert_allclose(quick.read_variance(ivar), slow.read_variance(ivar), atol=1e-9)
    np.testing.assert_allclose(quick.read_covariance(ivar), slow.read_covariance(ivar), atol=1e-9)


@pytest.mark.parametrize(
    "grid", [PixelGrid.linear(5000.0, 1.0, 50), PixelGrid.log10(5000.0, 1.1e-4, 300)]
)
def test_other_grids_share_no_lattice(grid: PixelGrid) -> None:
    assert LatticeReader.between(WHOLE, grid, Form.CUBIC, torch.float64) is None
    assert LatticeReader.between(grid, WHOLE, Form.CUBIC, torch.float64) is None


def test_means_are_not_taken_on_it() -> None:
    assert LatticeReader.between(WHOLE, WHOLE, Form.CONSERVING, torch.float64) is None


@pytest.mark.real_data
def test_the_grid_of_the_payne_is_part_of_that_of_apogee() -> None:
    with np.load(real_path("apogee", "masks", "apogee_wavelength.npz")) as kept:
        payne = Lattice.of(PixelGrid.explicit(kept["wavelength"]))
    apogee = Lattice.of(PixelGrid.log10(10**4.179, 6e-6, 8575))
    assert payne is not None
    assert apogee is not None
    assert payne.shares(apogee)
    assert (payne.start - apogee.start) / apogee.step == pytest.approx(322, abs=1e-6)
