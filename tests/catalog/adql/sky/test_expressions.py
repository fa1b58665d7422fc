"""Constants are what PostgreSQL makes of them, and texts know their columns."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from starledger.catalog.adql.sky.expressions import columns_of, number, written
from tests.catalog.adql.sky.asking import answered, sql

CONSTANTS = [
    "1",
    "-1.5e-3",
    "2 / 3600",
    "2 / 3600.",
    "-7 / 2",
    "7 / -2",
    "(1 + 2) * -3 - 4",
    "CAST(1 AS DOUBLE PRECISION) / 3",
    "PI() / 180",
    "RADIANS(30) + DEGREES(1) + SQRT(2) + ABS(-3) + POWER(2.0, 0.5)",
]


@pytest.mark.parametrize("text", CONSTANTS)
def test_numbers_are_postgresqls(asked: Connection, text: str) -> None:
    value = number(sql(text))
    assert value == pytest.approx(float(answered(asked, sql(text))[0]), rel=1e-14)


@pytest.mark.parametrize(
    "text", ["a.ra", "1 + a.ra", "'1'", "1 / 0", "SQRT(-1)", "random()", "NULL", "1 = 1", "1 | 2"]
)
def test_what_is_no_constant(text: str) -> None:
    assert number(sql(text)) is None


def test_texts_know_their_columns() -> None:
    inner = written("SIND(a.ra + b.dec)", sql("a.ra + 1"), sql("b.dec"))
    outer = written(f"2 * {inner.sql('postgres')}", inner, sql("c.x"), None)
    assert [column.sql() for column in columns_of(outer.copy())] == ["a.ra", "b.dec", "c.x"]
