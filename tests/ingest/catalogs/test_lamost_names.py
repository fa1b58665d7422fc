from __future__ import annotations

import pyarrow as pa

from starledger.ingest.catalogs.lamost_names import (
    fiber_name,
    low_resolution_file,
    medium_resolution_file,
)


def test_names_of_files() -> None:
    parts = (pa.array([55862, None]), pa.array(["B6212", "B"]), pa.array([6, 1]), pa.array([3, 2]))
    assert low_resolution_file(*parts).to_pylist() == ["spec-55862-B6212_sp06-003.fits", None]
    assert medium_resolution_file(*parts).to_pylist() == ["med-55862-B6212_sp06-003.fits", None]


def test_names_of_fibres() -> None:
    assert fiber_name(pa.array([16, None]), pa.array([250, 1])).to_pylist() == ["16-250", None]
