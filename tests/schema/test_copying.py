from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Cursor

from starledger.schema.copying import MOST_BYTES, copy_rows
from starledger.schema.database import Database

pytestmark = pytest.mark.integration

TYPES: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "smallint": (pa.int16(), st.integers(-(2**15), 2**15 - 1)),
    "integer": (pa.int32(), st.integers(-(2**31), 2**31 - 1)),
    "bigint": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "real": (pa.float32(), st.floats(width=32, allow_nan=False)),
    "double precision": (pa.float64(), st.floats(allow_nan=False)),
    "boolean": (pa.bool_(), st.booleans()),
    "text": (pa.string(), st.text(st.characters(exclude_characters="\0", codec="utf-8"))),
    "real[]": (
        pa.list_(pa.float32(), 3),
        st.lists(st.none() | st.floats(width=32, allow_nan=False), min_size=3, max_size=3),
    ),
    "integer[]": (
        pa.list_(pa.int32(), 2),
        st.lists(st.none() | st.integers(-(2**31), 2**31 - 1), min_size=2, max_size=2),
    ),
    "bigint[]": (pa.list_(pa.int64(), 0), st.just([])),
}
ROWS = st.lists(st.tuples(*(st.none() | values for _, values in TYPES.values())), max_size=8)


@pytest.fixture
def cursor(empty_database: Database) -> Any:
    raw = empty_database.engine().raw_connection()
    cursor = raw.cursor()
    columns = ", ".join(f"c{i} {kind}" for i, kind in enumerate(TYPES))
    cursor.execute(f"CREATE TEMP TABLE kept (number integer, {columns})")
    yield cursor
    raw.close()


def batch(rows: list[tuple[Any, ...]]) -> pa.RecordBatch:
    """Return rows as a batch, each with its number in front."""
    arrays: dict[str, pa.Array] = {"number": pa.array(range(len(rows)), pa.int32())}
    for i, (kind, _) in enumerate(TYPES.values()):
        arrays[f"c{i}"] = pa.array([row[i] for row in rows], kind)
    return pa.record_batch(arrays)


def kept(cursor: Cursor[Any]) -> list[tuple[Any, ...]]:
    # In text a real comes back rounded.
    rows = cursor.execute("SELECT * FROM kept ORDER BY number", binary=True).fetchall()
    return [row[1:] for row in rows]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, st.integers(0, 3))
def test_what_goes_in_is_there(cursor: Any, rows: list[tuple[Any, ...]], skipped: int) -> None:
    cursor.execute("TRUNCATE kept")
    # A slice begins inside the buffers of the whole.
    assert copy_rows(cursor, ["kept"], [batch(rows).slice(skipped)]) == len(rows[skipped:])
    assert kept(cursor) == rows[skipped:]


def test_batches_follow_each_other(cursor: Any) -> None:
    one, two = batch([(1,) * 5 + (True, "é", None, [1, None], [])]), batch([(None,) * 10] * 3)
    assert copy_rows(cursor, ["kept"], [one, two.slice(1)]) == 3
    assert kept(cursor)[0][6:] == ("é", None, [1, None], [])


def test_no_batch_is_no_row(cursor: Any) -> None:
    assert copy_rows(cursor, ["kept"], []) == 0


def test_a_dictionary_of_texts_is_text(cursor: Any) -> None:
    texts = pa.array(["STAR", "QSO", None, "STAR"]).dictionary_encode()
    copy_rows(cursor, ["kept"], [pa.record_batch({"c6": texts})])
    assert [row[6] for row in kept(cursor)] == ["STAR", "QSO", None, "STAR"]


def test_one_long_text_does_not_widen_all_rows_at_once(cursor: Any) -> None:
    texts = ["x"] * 3000 + ["y" * (MOST_BYTES // 1000)]
    copy_rows(cursor, ["kept"], [pa.record_batch({"c6": pa.array(texts)})])
    assert cursor.execute("SELECT sum(length(c6)) FROM kept").fetchone()[0] == sum(map(len, texts))
