from __future__ import annotations

import contextlib
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from starledger.ingest.remote.answers import read_answer
from starledger.ingest.remote.faults import PassingFault, QueryRefused, RemoteError, TooMuch
from tests.ingest.remote.votables import complaint, votable

COLUMNS = {
    "source_id": "long", "recno": "int", "nobs": "short", "ra": "double", "ruwe": "float",
    "sptype": "char", "variable": "boolean",
}  # fmt: skip
ROWS = [
    (6917528997577384321, 1, -3, 1.5, 1.25, "G2 <V> & more", True),
    (-9007199254740993, None, None, None, None, None, None),
    (None, 2**31 - 1, 7, float("nan"), float("inf"), "", False),
]
TYPES = [pa.int64(), pa.int32(), pa.int16(), pa.float64(), pa.float32(), pa.string(), pa.bool_()]


def read(tmp_path: Path, content: bytes, *wanted: str, max_rows: int = 100) -> pa.Table:
    file = tmp_path / "answer.vot"
    file.write_bytes(content)
    return read_answer(file, wanted or tuple(COLUMNS), max_rows).table


@pytest.mark.parametrize("binary", [False, True])
def test_values_come_as_they_were_sent(tmp_path: Path, binary: bool) -> None:
    table = read(tmp_path, votable(COLUMNS, ROWS, binary=binary))
    assert table.schema.types == TYPES
    (first, second, third) = (tuple(row.values()) for row in table.to_pylist())
    assert first == ROWS[0]
    assert second[:-1] == ROWS[1][:-1]
    assert third[1:] == (2**31 - 1, 7, None, float("inf"), None, False)
    assert third[0] is None


def test_text_of_any_language_comes_as_it_was_sent(tmp_path: Path) -> None:
    assert read(tmp_path, votable({"x": "char"}, [("é α",)]), "x")["x"].to_pylist() == ["é α"]


@pytest.mark.parametrize("binary", [False, True])
def test_an_empty_answer_has_the_same_types(tmp_path: Path, binary: bool) -> None:
    assert read(tmp_path, votable(COLUMNS, [], binary=binary)).schema.types == TYPES


@given(st.lists(st.none() | st.integers(-(2**63) + 1, 2**63 - 1), min_size=1), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_integer_passes_through_a_float(
    tmp_path: Path, values: list[int | None], binary: bool
) -> None:
    content = votable({"source_id": "long"}, [(value,) for value in values], binary=binary)
    assert read(tmp_path, content, "source_id", max_rows=10**6)["source_id"].to_pylist() == values


def test_columns_come_in_the_wanted_order_and_spelling(tmp_path: Path) -> None:
    table = read(tmp_path, votable({"RA": "double", "other": "int"}, [(1.0, 2)]), '"ra"')
    assert table.column_names == ["ra"]


def test_a_cut_answer_is_known_by_status_or_length(tmp_path: Path) -> None:
    with pytest.raises(TooMuch):
        read(tmp_path, votable(COLUMNS, ROWS, status="OVERFLOW"))
    with pytest.raises(TooMuch):
        read(tmp_path, votable(COLUMNS, ROWS), max_rows=3)


def test_errors_before_and_within_the_rows_differ(tmp_path: Path) -> None:
    with pytest.raises(QueryRefused, match="refuses the query: no column <x>"):
        read(tmp_path, complaint("no column <x>"))
    with pytest.raises(PassingFault, match="failed after 3 rows"):
        read(tmp_path, votable(COLUMNS, ROWS, status="ERROR"))


@given(share=st.floats(0, 0.999), binary=st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_answer_cut_anywhere_is_a_passing_fault(
    tmp_path: Path, share: float, binary: bool
) -> None:
    content = votable(COLUMNS, ROWS, binary=binary).rstrip()
    with pytest.raises(PassingFault):
        read(tmp_path, content[: int(share * len(content))])


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_a_damaged_answer_does_not_crash(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(votable(COLUMNS, ROWS, binary=data.draw(st.booleans())))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PassingFault, QueryRefused, RemoteError, TooMuch):
        read(tmp_path, bytes(content))


def test_text_where_a_number_belongs_is_no_null(tmp_path: Path) -> None:
    with pytest.raises(PassingFault, match="cannot be read"):
        read(tmp_path, votable({"recno": "int"}, [("many",)]), "recno")


def test_arrays_are_kept_as_lists(tmp_path: Path) -> None:
    content = votable({"x": "int"}, [("1 2",), ("3 4",)])
    content = content.replace(b'datatype="int"', b'datatype="int" arraysize="2"')
    assert read(tmp_path, content, "x")["x"].to_pylist() == [[1, 2], [3, 4]]


def test_complex_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RemoteError, match="x holds doubleComplex"):
        read(tmp_path, votable({"x": "doubleComplex"}, [("1 2",)]), "x")
