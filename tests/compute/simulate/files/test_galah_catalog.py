from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.io import fits

from starledger.compute.simulate.survey import simulate_survey


def test_labels_scatter_by_their_errors_where_not_flagged(tmp_path: Path) -> None:
    simulate_survey("galah", 1500, 1, tmp_path)
    truth = fits.getdata(tmp_path / "truth" / "stars.fits", 1)
    rows = fits.getdata(tmp_path / "catalogs" / "GALAH_DR3_main_v2.fits", 1)
    good = rows["flag_sp"] == 0
    assert 0.03 < (~good).mean() < 0.15
    for name in ("teff", "logg", "fe_h"):
        pull = ((rows[name] - truth[name]) / rows[f"e_{name}"])[good]
        assert abs(pull.std() - 1) < 0.06
    missing = rows["flag_Eu_fe"] == 32
    np.testing.assert_array_equal(missing, np.isnan(rows["Eu_fe"]))
    np.testing.assert_array_equal(rows["dr2_source_id"], truth["gaia_dr2_source_id"])


def test_the_second_release_has_only_second_identifiers(tmp_path: Path) -> None:
    simulate_survey("galah", 20, 1, tmp_path)
    truth = fits.getdata(tmp_path / "truth" / "stars.fits", 1)
    rows = fits.getdata(tmp_path / "catalogs" / "GALAH_DR2_catalog.fits", 1)
    np.testing.assert_array_equal(rows["gaia_id"], truth["gaia_dr2_source_id"])
    assert "dr3_source_id" not in rows.dtype.names
