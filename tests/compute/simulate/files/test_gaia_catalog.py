from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from starledger.compute.simulate.survey import simulate_survey

STARS = 1500


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("gaia")
    simulate_survey("gaia", STARS, 1, out)
    return out


def test_parallaxes_scatter_by_their_errors(folder: Path) -> None:
    truth = fits.getdata(folder / "truth" / "stars.fits", 1)
    sources = Table.read(folder / "catalogs" / "gaia_dr3_source.ecsv", format="ascii.ecsv")
    assert str(sources["parallax"].unit) == "mas"
    assert sources["source_id"].dtype == np.int64
    np.testing.assert_array_equal(sources["source_id"], truth["gaia_dr3_source_id"])
    given = ~np.isnan(np.ma.filled(sources["parallax"], np.nan))
    assert 0 < (~given).sum() < 0.03 * STARS
    pull = (sources["parallax"] - truth["parallax"])[given] / sources["parallax_error"][given]
    assert abs(np.std(pull) - 1) < 0.06


def test_the_releases_have_their_own_identifiers_and_epochs(folder: Path) -> None:
    truth = fits.getdata(folder / "truth" / "stars.fits", 1)
    old = Table.read(folder / "catalogs" / "gaia_dr2_source.csv", format="ascii.csv")
    assert set(old["ref_epoch"]) == {2015.5}
    np.testing.assert_array_equal(old["source_id"], truth["gaia_dr2_source_id"])
    pairs = Table.read(folder / "catalogs" / "dr2_neighbourhood.csv", format="ascii.csv")
    assert set(pairs["dr2_source_id"]) == set(truth["gaia_dr2_source_id"])
    best = pairs[pairs["angular_distance"] < 100]
    matched = dict(zip(best["dr2_source_id"], best["dr3_source_id"], strict=True))
    assert matched == dict(
        zip(truth["gaia_dr2_source_id"], truth["gaia_dr3_source_id"], strict=True)
    )
    assert len(pairs) > STARS
