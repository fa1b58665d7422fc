from __future__ import annotations

import json

import numpy as np
import pytest

from starledger.compute.spectra.grid import PixelGrid, UnusableGrid
from starledger.compute.spectra.wavelengths import vacuum_to_air
from starledger.ingest.pixels.spectrum import Grid
from tests.real_data import real_path

GRIDS = [
    PixelGrid.log10(3700.0, 1e-4, 50),
    PixelGrid.linear(5000.0, 0.3, 50),
    PixelGrid.explicit(np.geomspace(15000.0, 17000.0, 50)),
]


@pytest.mark.parametrize("grid", GRIDS)
def test_a_configuration_gives_the_same_grid_bit_for_bit(grid: PixelGrid) -> None:
    kept = json.loads(json.dumps(grid.configuration()))
    again = PixelGrid.of_configuration(kept)
    assert again.kind == grid.kind
    np.testing.assert_array_equal(again.wavelength, grid.wavelength)


@pytest.mark.parametrize("kind", ["log10", "linear"])
def test_air_is_converted(kind: str) -> None:
    step = 1e-4 if kind == "log10" else 1.0
    stated = Grid(kind, "air", 4000.0, step)  # type: ignore[arg-type]
    grid = PixelGrid.of_survey(stated, 100)
    assert grid.kind == "explicit"
    np.testing.assert_allclose(vacuum_to_air(grid.wavelength), stated.wavelength(100), atol=1e-8)


def test_vacuum_stays_as_stated() -> None:
    stated = Grid("log10", "vacuum", 3700.0, 1e-4)
    grid = PixelGrid.of_survey(stated, 100)
    assert grid.kind == "log10"
    np.testing.assert_array_equal(grid.wavelength, stated.wavelength(100))


@pytest.mark.parametrize(
    ("wavelength", "says"),
    [
        ([1.0, 2.0, 3.0], "shape"),
        ([], "shape"),
        ([1.0, 2.0, 2.0, 3.0], "after pixel 1"),
        ([1.0, 2.0, float("nan"), 3.0], "pixel 2 is nan"),
        ([-1.0, 2.0, 3.0, 4.0], "pixel 0 is -1"),
    ],
)
def test_refuses_what_is_no_grid(wavelength: list[float], says: str) -> None:
    with pytest.raises(UnusableGrid, match=says):
        PixelGrid.explicit(wavelength)


def test_refuses_a_list_of_another_length() -> None:
    listed = Grid("explicit", "vacuum", 1.0, listed=np.arange(1.0, 9.0))
    with pytest.raises(UnusableGrid, match="8 wavelengths are listed for 9"):
        PixelGrid.of_survey(listed, 9)


@pytest.mark.parametrize("grid", GRIDS)
def test_pixels_meet_where_there_is_no_gap(grid: PixelGrid) -> None:
    lower, upper = grid.edges()
    np.testing.assert_allclose(lower[1:], upper[:-1], rtol=1e-14)
    assert not grid.gaps().any()
    assert np.all((lower < grid.wavelength) & (grid.wavelength < upper))


def test_pixels_do_not_reach_into_a_gap() -> None:
    grid = PixelGrid.explicit([1.0, 2.0, 3.0, 9.0, 10.0, 11.0])
    lower, upper = grid.edges()
    assert (upper[2], lower[3]) == (3.5, 8.5)


@pytest.mark.real_data
def test_finds_the_gaps_between_the_detectors_of_apogee() -> None:
    with np.load(real_path("apogee", "masks", "apogee_wavelength.npz")) as kept:
        grid = PixelGrid.explicit(kept["wavelength"])
    assert np.flatnonzero(grid.gaps()).tolist() == [2919, 5319]
