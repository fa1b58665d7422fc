from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from starledger.ingest.catalogs.cleaning import clean

EXACT = st.integers(-(2**63) * 99 // 100, 2**63 * 99 // 100)


@given(st.lists(EXACT, min_size=1, max_size=5))
def test_long_identifiers_stay_exact_beside_a_broken_one(numbers: list[int]) -> None:
    texts = [*map(str, numbers), "27x", "55862.0", "99999999999999999999"]
    cleaned = clean(pa.array(texts), "whole")
    assert cleaned.values.to_pylist() == [*numbers, None, 55862, None]
    assert cleaned.bad.tolist() == [False] * len(numbers) + [True, False, True]
