from __future__ import annotations

import pyarrow as pa
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from starledger.ingest.catalogs.tmass_names import declination, right_ascension


@settings(max_examples=60)
@given(st.floats(0, 359.99), st.floats(-89.99, 89.99))
def test_positions_are_those_of_the_name(ra: float, dec: float) -> None:
    place = SkyCoord(ra * units.deg, dec * units.deg)
    right = place.ra.to_string(units.hourangle, sep="", precision=2, pad=True).replace(".", "")
    up = place.dec.to_string(sep="", precision=1, pad=True, alwayssign=True).replace(".", "")
    names = pa.array([f"2M{right}{up}"])
    assert right_ascension(names)[0].as_py() % 360 == pytest.approx(ra % 360, abs=6e-5)
    assert declination(names)[0].as_py() == pytest.approx(dec, abs=4e-5)


@pytest.mark.parametrize("prefix", ["2M", "AP", "J", ""])
def test_prefixes(prefix: str) -> None:
    names = pa.array([f"{prefix}00003119-0016179"])
    assert right_ascension(names)[0].as_py() == pytest.approx(0.12995833)
    assert declination(names)[0].as_py() == pytest.approx(-0.27163889)


@pytest.mark.parametrize("name", ["VESTA", "2M0000311+1516179", "2M00603119+1516179", "", None])
def test_other_names_have_no_position(name: str | None) -> None:
    names = pa.array([name], pa.string())
    assert right_ascension(names).to_pylist() == [None]
    assert declination(names).to_pylist() == [None]
