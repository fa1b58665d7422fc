from __future__ import annotations

import pyarrow as pa

from starledger.ingest.catalogs.identifiers import dashed, dotted, padded


def test_whole_numbers_of_64_bits_are_exact() -> None:
    large = pa.array([2**63 - 1, 4295806720000000123])
    assert dashed(large, large).to_pylist() == [f"{n}-{n}" for n in large.to_pylist()]


def test_nothing_is_made_where_a_part_is_missing() -> None:
    assert dotted(pa.array(["apo25m", None]), pa.array([4424, 1])).to_pylist() == [
        "apo25m.4424",
        None,
    ]


def test_zeros_stand_in_front_and_nothing_is_cut_off() -> None:
    assert padded(pa.array([0, 12345, None]), 3).to_pylist() == ["000", "12345", None]
