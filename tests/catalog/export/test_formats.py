"""Whatever stands in rows comes back from every format, to the last bit."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from starledger.catalog.export.about import About
from starledger.catalog.export.batches import of_length
from starledger.catalog.export.errors import ExportError
from starledger.catalog.export.fits import body, writing
from starledger.catalog.export.formats import Format
from starledger.catalog.export.kinds import schema_of
from starledger.catalog.export.writing import write
from starledger.catalog.fields import Field
from tests.catalog.export.read_back import read_back

FIELDS = (
    Field("star_id", "bigint", "dimensionless", "meta.id", "number of the star"),
    Field("text", "text", "dimensionless", "meta.note", "words, “quoted” & <marked>"),
    Field("flag", "boolean", "dimensionless", "meta.code", "whether χ² is high"),
    Field("bits", "smallint", "dimensionless", "meta.code", "bits"),
    Field("n", "integer", "dimensionless", "meta.number", "how many"),
    Field("logg", "real", "dex(cm/s**2)", "phys.gravity", "gravity in cm/s²"),
    Field("ra", "double precision", "deg", "pos.eq.ra", "right ascension"),
    Field("more", "text", "dimensionless", "meta.note", "more words"),
)
ABOUT = About("Títle", "Rows with “all” <that> & more", (("release", "dr1"), ("view", "star")))


def _integers(bits: int) -> st.SearchStrategy[int]:
    # The smallest one is what stands for null in FITS.
    return st.integers(-(2 ** (bits - 1)) + 1, 2 ** (bits - 1) - 1)


ODD = (
    *("", " ", "a ", "\\", "\\n", "\\x20", '"', '""', "a,b", "a\r\nb", "# no", "null"),
    *("🌟é", "\ufeff"),
)
WORDS = st.sampled_from(ODD) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), max_size=12
)
REAL = st.floats(width=32, allow_nan=False, allow_infinity=False)
DOUBLE = st.floats(allow_nan=False, allow_infinity=False)
ROW = st.tuples(
    *(
        st.none() | one
        for one in (
            *(_integers(64), WORDS, st.booleans(), _integers(16)),
            *(_integers(32), REAL, DOUBLE, WORDS),
        )
    )
)


def _batch(rows: list[tuple[Any, ...]]) -> pa.RecordBatch:
    schema = schema_of(FIELDS)
    columns = [[row[place] for row in rows] for place in range(len(FIELDS))]
    arrays = [pa.array(one, to.type) for one, to in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _same(found: pa.Table, wanted: pa.RecordBatch) -> None:
    table = pa.Table.from_batches([wanted])
    for name in table.column_names:
        left, right = (one.column(name).combine_chunks() for one in (found, table))
        assert left.is_null().equals(right.is_null()), name
        if pa.types.is_floating(right.type):
            # Arrow takes 0 and -0 for equal.
            left, right = (
                np.asarray(one.fill_null(0).to_numpy()).tobytes() for one in (left, right)
            )
            assert left == right, name
        else:
            assert left.equals(right), name


@pytest.mark.parametrize("format_", Format)
@settings(max_examples=40)
@given(rows=st.lists(ROW, max_size=9), length=st.integers(1, 4))
@example(rows=[(None,) * 8], length=1)
@example(rows=[], length=1)
@example(rows=[(2**63 - 1, "", True, 1, 2, 0.1, -0.0, None)], length=1)
def test_comes_back(format_: Format, rows: list[tuple[Any, ...]], length: int) -> None:
    wanted = _batch(rows)
    with TemporaryDirectory() as folder:
        path = Path(folder, f"rows{format_.ending}")
        written = write(path, format_, FIELDS, of_length(length, [wanted]), ABOUT)
        assert written.rows == len(rows)
        assert written.bytes == path.stat().st_size
        _same(read_back(path, format_, FIELDS), wanted)


@pytest.mark.parametrize("format_", Format)
def test_bytes_do_not_depend_on_how_rows_come(format_: Format, tmp_path: Path) -> None:
    rows = [(n, "é" * (n % 7), None, 1, n, 0.5, n / 3, str(n)) for n in range(20_000)]
    wanted = _batch(rows)
    one = write(tmp_path / "one", format_, FIELDS, [wanted], ABOUT)
    two = write(tmp_path / "two", format_, FIELDS, of_length(777, [wanted]), ABOUT)
    assert one == two
    _same(read_back(tmp_path / "one", format_, FIELDS), wanted)


@settings(max_examples=40)
@given(
    rows=st.lists(ROW, max_size=30),
    length=st.integers(1, 5),
    held=st.integers(0, 400),
    chunk=st.integers(1, 60),
)
@example(rows=[(n, "x" * n, None, 1, n, 0.5, 0.5, "y" * (n // 3)) for n in range(40)], length=3,
         held=0, chunk=1)  # fmt: skip
def test_rows_of_fits_are_widened_where_longer_texts_come_late(
    rows: list[tuple[Any, ...]], length: int, held: int, chunk: int
) -> None:
    wanted = _batch(rows)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        whole = write(Path(folder, "a"), Format.FITS, FIELDS, [wanted], ABOUT)
        patch.setattr(writing, "HELD_BYTES", held)
        patch.setattr(body, "CHUNK_BYTES", 4 * chunk)
        parts = write(Path(folder, "b"), Format.FITS, FIELDS, of_length(length, [wanted]), ABOUT)
        assert parts == whole
        _same(read_back(Path(folder, "b"), Format.FITS, FIELDS), wanted)


@pytest.mark.parametrize(
    ("place", "value"), [(0, -(2**63)), (3, -(2**15)), (4, -(2**31)), (5, float("nan"))]
)
def test_fits_refuses_what_would_be_taken_for_null(place: int, value: Any, tmp_path: Path) -> None:
    row: list[Any] = [1, "a", True, 1, 1, 1.0, 1.0, "b"]
    row[place] = value
    with pytest.raises(ExportError, match=f"{FIELDS[place].name} holds"):
        write(tmp_path / "a.fits", Format.FITS, FIELDS, [_batch([tuple(row)])], ABOUT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format_", [Format.VOTABLE, Format.PARQUET])
def test_others_keep_the_smallest_integer(format_: Format, tmp_path: Path) -> None:
    wanted = _batch([(-(2**63), "a", True, -(2**15), -(2**31), float("-inf"), 1.0, "b")])
    write(tmp_path / "a", format_, FIELDS, [wanted], ABOUT)
    _same(read_back(tmp_path / "a", format_, FIELDS), wanted)


def test_json_refuses_what_it_cannot_say(tmp_path: Path) -> None:
    batch = _batch([(1, "a", True, 1, 1, 1.0, float("inf"), "b")])
    with pytest.raises(ExportError, match="ra holds a number that is infinite"):
        write(tmp_path / "a.json", Format.JSON, FIELDS, [batch], ABOUT)


def test_long_texts_fit(tmp_path: Path) -> None:
    wanted = _batch([(n, "é" * (n * 4000), True, 1, 1, 1.0, 1.0, "b") for n in range(50)])
    write(tmp_path / "a", Format.VOTABLE, FIELDS, [wanted], ABOUT)
    _same(read_back(tmp_path / "a", Format.VOTABLE, FIELDS), wanted)


def test_refuses_types_without_a_place(tmp_path: Path) -> None:
    field = Field("ids", "text[]", "dimensionless", "meta.id", "names")
    with pytest.raises(ExportError, match=r"ids is of the type text\[\]"):
        write(tmp_path / "a.fits", Format.FITS, [field], [], ABOUT)
