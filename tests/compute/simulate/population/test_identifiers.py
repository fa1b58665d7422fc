"""Identifiers tell positions and are unique."""

from __future__ import annotations

import re

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from starledger.compute.simulate.population.identifiers import sky_pixels, twomass_ids
from starledger.compute.simulate.population.stars import Stars


def test_gaia_ids_hold_the_pixel(stars: Stars) -> None:
    pixels = sky_pixels(stars.ra, stars.dec)
    for ids in (stars.gaia_dr3_source_id, stars.gaia_dr2_source_id):
        assert ids.dtype == np.int64
        assert np.array_equal(ids >> 35, pixels)
        assert len(np.unique(ids)) == len(stars)
        assert not np.any(ids % 128)


def test_some_were_named_otherwise_in_dr2(stars: Stars) -> None:
    other = stars.gaia_dr2_source_id != stars.gaia_dr3_source_id
    assert other.mean() == pytest.approx(0.03, abs=0.006)
    assert not np.isin(stars.gaia_dr2_source_id[other], stars.gaia_dr3_source_id).any()


def test_apogee_ids(stars: Stars) -> None:
    assert len(np.unique(stars.apogee_id)) == len(stars)
    assert all(re.fullmatch(r"2M\d{8}[+-]\d{7}", name) for name in stars.apogee_id)
    names = [
        f"{n[2:4]}h{n[4:6]}m{n[6:8]}.{n[8:10]}s {n[10:13]}d{n[13:15]}m{n[15:17]}.{n[17]}s"
        for n in stars.apogee_id[:200].tolist()
    ]
    named = SkyCoord(names)
    apart = named.separation(SkyCoord(stars.ra[:200], stars.dec[:200], unit="deg")).arcsec
    moved = 16 * np.hypot(stars.pmra[:200], stars.pmdec[:200]) / 1000
    assert np.all(apart < moved + 0.25)


def test_2mass_is_cut_not_rounded() -> None:
    still = np.zeros(1)
    assert twomass_ids(np.array([359.99999]), np.array([-0.00001]), still, still)[0] == (
        "2M23595999-0000000"
    )
