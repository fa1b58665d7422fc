from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from starledger.ingest.catalogs.cleaning import clean
from starledger.ingest.catalogs.layout import Kind

GAIA_ID = 4_611_686_018_427_387_905  # no double precision number


@pytest.mark.parametrize("word", ["", "  ", "null", "NULL", "NaN", "nan", "N/A", "--", "\\N", None])
@pytest.mark.parametrize("kind", ["text", "whole", "number"])
def test_words_for_nothing_are_nothing(word: str | None, kind: Kind) -> None:
    cleaned = clean(pa.array([word, "1"], pa.string()), kind)
    assert cleaned.values[0].as_py() is None
    assert not cleaned.bad.any()


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_whole_numbers_keep_all_their_digits(values: list[int | None]) -> None:
    for column in (
        pa.array(values, pa.int64()),
        pa.array([None if v is None else str(v) for v in values], pa.string()),
    ):
        cleaned = clean(column, "whole")
        assert cleaned.values.to_pylist() == values
        assert not cleaned.bad.any()


def test_whole_numbers_with_a_point_stand_beside_long_ones() -> None:
    cleaned = clean(pa.array([str(GAIA_ID), "55862.0", "1.5", "x", "", "1e3"]), "whole")
    assert cleaned.values.to_pylist() == [GAIA_ID, 55862, None, None, None, 1000]
    assert cleaned.bad.tolist() == [False, False, True, True, False, False]


def test_numbers_that_no_whole_number_is_are_bad() -> None:
    cleaned = clean(pa.array([1.0, 1.5, math.inf, math.nan, 1e300]), "whole")
    assert cleaned.values.to_pylist() == [1, None, None, None, None]
    assert cleaned.bad.tolist() == [False, True, True, False, True]


def test_what_is_no_number_is_told() -> None:
    cleaned = clean(pa.array(["5800", "1e2", "-.5", "hot", "1,5", "inf", "0x10", "1_0"]), "number")
    values = cleaned.values.to_pylist()
    assert values == [5800.0, 100.0, -0.5, None, None, math.inf, None, None]
    assert np.flatnonzero(cleaned.bad).tolist() == [3, 4, 6, 7]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["-9999", "-9999.0", "99", "1"]),
        pa.array([-9999.0, -9999.0, 99.0, 1.0], pa.float32()),
        pa.array([-9999, -9999, 99, 1], pa.int16()),
    ],
)
def test_sentinels_mean_missing(column: pa.Array) -> None:
    assert clean(column, "number", [-9999, 99.0]).values.to_pylist() == [None, None, None, 1.0]


def test_a_sentinel_of_single_precision_is_found_in_double() -> None:
    rounded = float(np.float32(-9999.99))
    assert clean(pa.array([rounded, -9999.99]), "number", [-9999.99]).values.null_count == 2


def test_texts_lose_blanks_and_sentinels() -> None:
    texts = pa.array(["  HD 1 ", "Non", "x", ""]).dictionary_encode()
    assert clean(texts, "text", ["Non"]).values.to_pylist() == ["HD 1", None, "x", None]


def test_numbers_as_text_are_spelled_out() -> None:
    assert clean(pa.array([GAIA_ID, None]), "text").values.to_pylist() == [str(GAIA_ID), None]


@given(st.lists(st.text(st.characters(codec="utf-8"))), st.sampled_from(["whole", "number"]))
def test_no_text_is_too_odd(texts: list[str], kind: Kind) -> None:
    cleaned = clean(pa.array(texts, pa.string()), kind)
    assert len(cleaned.values) == len(cleaned.bad) == len(texts)
    assert not (cleaned.bad & cleaned.values.is_valid().to_numpy(zero_copy_only=False)).any()
