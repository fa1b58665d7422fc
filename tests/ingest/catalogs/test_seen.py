from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from starledger.ingest.catalogs.seen import SeenIds


@given(st.lists(st.lists(st.integers(0, 30).map(str), max_size=12), max_size=20))
def test_all_but_the_first_of_each_are_repeated(batches: list[list[str]]) -> None:
    seen, known = SeenIds(), set[str]()
    for batch in batches:
        expected = []
        for one in batch:
            expected.append(one in known)
            known.add(one)
        assert seen.repeated(pa.array(batch, pa.string())).tolist() == expected


def test_a_copy_forgets_what_came_later() -> None:
    seen = SeenIds()
    seen.repeated(pa.array(["a"]))
    before = seen.copy()
    seen.repeated(pa.array(["b"]))
    assert before.repeated(pa.array(["a", "b"])).tolist() == [True, False]
