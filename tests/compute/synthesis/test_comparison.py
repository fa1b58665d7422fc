"""Simulated spectra look like observed ones: LAMOST pilot stars at their published labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from starledger.compute.synthesis.comparison import Comparison
from starledger.compute.synthesis.plots import draw_beside
from tests.compute.synthesis.pilot_stars import (
    Star,
    bright_stars,
    compared_wavelength,
    simulate,
)
from tests.real_data import real_path

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def results() -> list[tuple[Star, Comparison]]:
    real_path("lamost")
    stars = [star for star in bright_stars() if star.teff < 9000.0]
    found: list[tuple[Star, Comparison]] = []
    for i in range(0, len(stars), 9):
        found += zip(stars[i : i + 9], simulate(stars[i : i + 9]), strict=True)
    for star, result in found:
        print(  # noqa: T201 - the ceiling belongs beside the figure
            f"{star.name} {star.subclass:6s} {star.teff:6.0f} {star.logg:5.2f} {star.fe_h:5.2f}  "
            f"r = {result.correlation:.3f}  ceiling {result.ceiling:.3f}  "
            f"clipped {result.rejected:.3f}"
        )
    return found


def test_late_type_stars_correlate(results: list[tuple[Star, Comparison]]) -> None:
    r = np.array([result.correlation for star, result in results if star.subclass[0] in "FGK"])
    assert len(r) == 25
    assert np.median(r) >= 0.85
    assert (r >= 0.8).sum() >= 22


def test_a_stars_correlate(results: list[tuple[Star, Comparison]]) -> None:
    r = np.array([result.correlation for star, result in results if star.subclass[0] == "A"])
    assert len(r) == 9
    assert np.median(r) >= 0.85


def test_clipping_takes_few_pixels(results: list[tuple[Star, Comparison]]) -> None:
    assert max(result.rejected for _, result in results) < 0.06


def test_they_can_be_drawn(results: list[tuple[Star, Comparison]], tmp_path: Path) -> None:
    panels = [(star.name, compared_wavelength(star), result) for star, result in results[:2]]
    draw_beside(panels, tmp_path / "two.png")
    assert (tmp_path / "two.png").stat().st_size > 10_000
