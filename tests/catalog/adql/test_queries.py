"""The collected queries: what the valid ones answer, and where the others are wrong."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Connection

from starledger.catalog.adql.errors import AdqlError
from tests.catalog.adql.asking import asked, translated
from tests.catalog.adql.collected import blocks, shown

VALID = list(blocks("valid.txt"))
INVALID = list(blocks("invalid.txt"))
ATTACKS = list(blocks("attacks.txt"))
PLACE = re.compile(r"(?P<line>\d+):(?P<column>\d+)(?: (?P<word>.+?))??(?: -> (?P<suggestion>.+))?")


def test_enough_queries_are_collected() -> None:
    assert len(VALID) + len(INVALID) >= 200
    assert len(ATTACKS) >= 60
    every = [query for query, _ in (*VALID, *INVALID, *ATTACKS)]
    assert len(every) == len(set(every))


@pytest.mark.parametrize(("query", "rows"), VALID, ids=[query for query, _ in VALID])
def test_the_answer_is_as_expected(reader: Connection, query: str, rows: list[str]) -> None:
    translation = translated(query)
    answer = asked(reader, translation.sql)
    assert [shown(row).strip() for row in answer.rows] == rows
    assert answer.names == [field.name for field in translation.fields]
    assert answer.types == [field.type for field in translation.fields]
    assert "numeric" not in answer.types


@pytest.mark.parametrize(("query", "expected"), INVALID, ids=[query for query, _ in INVALID])
def test_the_error_says_where_and_what(query: str, expected: list[str]) -> None:
    with pytest.raises(AdqlError) as caught:
        translated(query)
    error = caught.value
    place = PLACE.fullmatch(expected[0])
    assert place is not None
    assert (error.line, error.column) == (int(place["line"]), int(place["column"]))
    assert (error.word, error.suggestion) == (place["word"] or "", place["suggestion"])
    assert error.what.endswith(expected[1])
    assert error.line <= len(query.splitlines())


@pytest.mark.parametrize("query", [query for query, _ in ATTACKS])
def test_attacks_are_refused(query: str) -> None:
    with pytest.raises(AdqlError):
        translated(query)
