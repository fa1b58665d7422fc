from __future__ import annotations

import numpy as np
import pytest

from starledger.ingest.pixels.shard_groups import Packing
from starledger.ingest.pixels.spectrum import Grid, ReadSpectrum
from tests.ingest.pixels.made_up import made_up

STEP = 1e-4


def log(start: float) -> Grid:
    return Grid("log10", "vacuum", start, STEP)


def shifted(pixels: float) -> Grid:
    return log(10 ** (np.log10(3700.0) + STEP * pixels))


def grouped(*spectra: ReadSpectrum) -> list[list[int]]:
    """Return the numbers of the spectra in each group."""
    packing = Packing()
    for number, spectrum in enumerate(spectra):
        packing.add(number, spectrum)
    return [[number for number, _ in group.members] for group in packing.groups()]


@pytest.mark.parametrize("pixels", [0, 1, -3, 7, 5.0009, -4.9991])
def test_starts_whole_pixels_away_share(pixels: float) -> None:
    first, other = made_up(grid=log(3700.0)), made_up(grid=shifted(pixels))
    assert grouped(first, other) == [[0, 1]]


@pytest.mark.parametrize("pixels", [0.5, 0.002, -0.002, 3.01])
def test_starts_between_pixels_do_not(pixels: float) -> None:
    first, other = made_up(grid=log(3700.0)), made_up(grid=shifted(pixels))
    assert grouped(first, other, first) == [[0, 2], [1]]


def test_starts_far_away_do_not_share() -> None:
    far = made_up(grid=shifted(21))
    assert grouped(made_up(), made_up(grid=shifted(20)), far) == [[0, 1], [2]]


def test_a_short_spectrum_does_not_share_with_a_long_one() -> None:
    assert grouped(made_up(n_pixels=41), made_up(n_pixels=20)) == [[0], [1]]
    assert grouped(made_up(n_pixels=40), made_up(n_pixels=20)) == [[0, 1]]


@pytest.mark.parametrize(
    "other",
    [
        made_up(instrument="lamost_mrs"),
        made_up(kind="exposure"),
        made_up(arm="blue"),
        made_up(grid=Grid("log10", "air", 3700.0, STEP)),
        made_up(grid=Grid("log10", "vacuum", 3700.0, 2 * STEP)),
        made_up(grid=Grid("linear", "vacuum", 3700.0, STEP)),
        made_up(mask_bits=()),
        made_up(has_or_mask=False),
    ],
    ids=lambda one: one.external_id,
)
def test_unlike_spectra_do_not_share(other: ReadSpectrum) -> None:
    assert grouped(made_up(), other, made_up(), other) == [[0, 2], [1, 3]]


def test_listed_wavelengths_share_whatever_they_are() -> None:
    grids = [Grid("explicit", "vacuum", s, None, s + np.arange(20.0)) for s in (3700.0, 3711.3)]
    assert grouped(*(made_up(grid=grid) for grid in grids)) == [[0, 1]]
