from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from starledger.ingest.remote.pieces import KeyRange
from starledger.ingest.remote.selections import Cone, Counted, Region
from starledger.ingest.remote.services import GAIA_ID_SHIFT, SERVICES
from starledger.schema.sky import healpix_cells

SOURCES = SERVICES["gaia"].tables["gaiadr3.gaia_source"]


def ids_within(cone: Cone) -> NDArray[np.int64]:
    """Return ids of some places all over a cone."""
    rng = np.random.default_rng(1)
    distance = cone.radius * 0.999 * np.sqrt(rng.random(50))
    angle = rng.uniform(0, 2 * np.pi, 50)
    lat = np.clip(cone.dec + distance * np.cos(angle), -90, 90)
    lon = cone.ra + distance * np.sin(angle) / np.maximum(np.cos(np.radians(lat)), 1e-9)
    return (healpix_cells(lon % 360, lat) >> 34) << GAIA_ID_SHIFT


@given(st.floats(0, 360), st.floats(-90, 90), st.floats(0.01, 30), st.integers(1, 30))
def test_ranges_of_ids_hold_all_of_a_cone(ra: float, dec: float, radius: float, n: int) -> None:
    cone = Cone(ra, dec, radius)
    ids = ids_within(cone)
    ranges = cut(cone, Counted(100 * n, int(ids.min()), int(ids.max())))
    assert len(ranges) <= n
    for source in ids.tolist():
        assert sum(piece.first <= source <= piece.last for piece in ranges) == 1


def cut(cone: Cone, counted: Counted) -> list[KeyRange]:
    """Return the ranges that a cone is fetched in, by a hundred."""
    pieces = Region(cone).cut(SOURCES, 100, 0, counted)
    return [piece for piece in pieces if isinstance(piece, KeyRange)]


def test_a_cone_is_cut_by_area_not_by_ids() -> None:
    # Where four base cells meet, a small circle holds ids from far ends of their numbering.
    cone = Cone(0.0, 0.0, 2.0)
    ids = ids_within(cone)
    first, last = int(ids.min()), int(ids.max())
    ranges = cut(cone, Counted(800, first, last))
    lengths = sorted(piece.last - piece.first for piece in ranges)
    assert len(lengths) == 8
    assert lengths[4] < (last - first) / 100
    assert all(np.any((ids >= piece.first) & (ids <= piece.last)) for piece in ranges)
