"""The model spectrum of each visit is the one behind the χ² of the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from starledger.catalog.releases.errors import NoSuchRelease, NoSuchStar
from starledger.catalog.star_spectra.spectra import StarSpectra
from starledger.compute.models.stored import ModelRefused
from starledger.ingest.pixels.shard_reading import DamagedShard
from tests.catalog.star_spectra.conftest import VISITS, Survey, spectra

pytestmark = pytest.mark.integration


@pytest.fixture
def found(survey: Survey) -> StarSpectra:
    return spectra(survey, "visit_0")


def test_chi2_is_that_of_the_ledger(found: StarSpectra) -> None:
    assert len(found.visits) == VISITS
    fitted = [one for one in found.visits if one.fitted.model is not None]
    assert len(fitted) == VISITS - 1
    for one in fitted:
        fit, about = one.fitted, one.about
        deviation = fit.deviation
        assert deviation is not None
        assert fit.exact
        assert fit.used.sum() == about["n_pixels"]
        chi2 = np.sum(deviation[fit.used].astype(float) ** 2)
        assert chi2 == pytest.approx(about["chi2"], rel=1e-5)


def test_a_failed_fit_says_why_and_keeps_the_pixels(found: StarSpectra) -> None:
    (failed,) = (one for one in found.visits if one.fitted.model is None)
    assert failed.about["outcome"] == "failed"
    assert failed.fitted.why_none is not None
    assert failed.fitted.why_none.startswith("The fit failed: ")
    assert failed.fitted.residual is None
    assert (failed.observed.ivar > 0).all()


def test_pixels_are_those_of_the_shard(found: StarSpectra) -> None:
    seen = found.visits[0].observed
    assert seen.medium == "vacuum"
    np.testing.assert_allclose(seen.wavelength, found.wavelength, rtol=1e-9)
    np.testing.assert_array_equal(seen.flux, found.visits[0].fitted.flux)


def test_one_visit_can_be_asked_for(survey: Survey) -> None:
    one = spectra(survey, "visit_3", visit="visit_3")
    assert [visit.about["external_id"] for visit in one.visits] == ["visit_3"]
    with pytest.raises(NoSuchStar, match="no visit 'visit_99'"):
        spectra(survey, "visit_3", visit="visit_99")
    with pytest.raises(NoSuchRelease, match="no model 'large'"):
        spectra(survey, "visit_3", model="large")


@contextmanager
def put_away(path: Path) -> Iterator[None]:
    away = path.with_name(f"{path.name}.away")
    path.rename(away)
    try:
        yield
    finally:
        away.replace(path)


def test_a_missing_or_changed_shard_is_named(survey: Survey) -> None:
    (shard,) = survey.settings.shard_root.rglob("*.safetensors")
    with put_away(shard):
        with pytest.raises(DamagedShard, match=shard.name):
            spectra(survey, "visit_0")
        shard.write_bytes(shard.with_name(f"{shard.name}.away").read_bytes()[:-1] + b"x")
        with pytest.raises(DamagedShard, match="has changed"):
            spectra(survey, "visit_0")


def test_a_missing_model_is_named(survey: Survey) -> None:
    (file,) = survey.settings.model_root.rglob("*.safetensors")
    with put_away(file), pytest.raises(ModelRefused, match=file.name):
        spectra(survey, "visit_0")
