from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from starledger.compute.spectra.normalisation import UnknownContinuum
from starledger.compute.work.recipe import (
    BadPixelFile,
    NewerRecipe,
    Recipe,
    continuum_of,
    read_pixels,
)


def test_a_recipe_comes_back_from_the_ledger() -> None:
    recipe = Recipe(
        continuum="apogee_pixels_4", continuum_pixels=(1, 5), rv_range=None, covariance=False
    )
    assert Recipe.of(json.loads(json.dumps(recipe.settings()))) == recipe
    pixels = recipe.pixels(6)
    assert pixels is not None
    assert np.flatnonzero(pixels).tolist() == [1, 5]
    assert recipe.fit_settings().rv_range is None


def test_fits_from_before_widths_could_be_free_count_as_the_same() -> None:
    assert "free_width" not in Recipe(continuum="none").settings()
    free = Recipe(continuum="none", free_width=True)
    assert Recipe.of(free.settings()) == free
    assert free.fit_settings().free_width


@pytest.mark.parametrize("change", [{"fitter": "cma_es"}, {"bounds": 3}])
def test_what_a_later_version_wrote_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(NewerRecipe, match="version of Starledger"):
        Recipe.of(Recipe(continuum="none").settings() | change)


def test_the_user_s_continuum_comes_first() -> None:
    assert continuum_of("payne", "gaussian_50", "none") == "none"


@pytest.mark.parametrize(
    ("normalisation", "given", "said"),
    [
        ("as in the paper", None, "says only 'as in the paper'"),
        (None, None, "does not say"),
        ("none", "spline", "'spline' is no continuum"),
    ],
)
def test_a_continuum_that_is_not_known_is_asked_for(
    normalisation: str | None, given: str | None, said: str
) -> None:
    with pytest.raises(UnknownContinuum, match=said) as caught:
        continuum_of("payne", normalisation, given)
    assert "--continuum" in caught.value.remedy


def test_continuum_pixels_come_from_an_archive(tmp_path: Path) -> None:
    np.savez(tmp_path / "good.npz", pixels=np.array([False, True, True]))
    assert read_pixels(tmp_path / "good.npz") == (1, 2)
    np.savez(tmp_path / "bad.npz", pixels=np.zeros(3))
    with pytest.raises(BadPixelFile, match="float64"):
        read_pixels(tmp_path / "bad.npz")
    (tmp_path / "no.npz").write_text("none")
    with pytest.raises(BadPixelFile, match="cannot be read"):
        read_pixels(tmp_path / "no.npz")
