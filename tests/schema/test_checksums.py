"""Checksums see every bit and every row, and do not see the order."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from starledger.schema.checksums import Sum, sum_of, sum_query, sums

pytestmark = pytest.mark.integration

ROWS = st.lists(
    st.tuples(
        st.integers(-(2**63), 2**63 - 1) | st.none(),
        st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False) | st.none(),
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5) | st.none(),
    ),
    max_size=8,
)


def summed(connection: Connection, rows: list[tuple[object, ...]]) -> Sum:
    """Return the sum of rows of an integer, a number and a text."""
    connection.execute(text("DROP TABLE IF EXISTS few"))
    connection.execute(text("CREATE TEMP TABLE few (n bigint, x double precision, t text)"))
    for n, x, t in rows:
        connection.execute(text("INSERT INTO few VALUES (:n, :x, :t)"), {"n": n, "x": x, "t": t})
    return sum_of(connection, "few", ["n", "x", "t"])


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, data=st.data())
def test_the_order_of_rows_does_not_matter(
    rows: list[tuple[object, ...]], data: st.DataObject, connection: Connection
) -> None:
    shuffled = data.draw(st.permutations(rows))
    assert summed(connection, rows) == summed(connection, shuffled)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, others=ROWS)
def test_other_rows_have_another_sum(
    rows: list[tuple[object, ...]], others: list[tuple[object, ...]], connection: Connection
) -> None:
    same = sorted(map(repr, rows)) == sorted(map(repr, others))
    assert (summed(connection, rows) == summed(connection, others)) == same


@pytest.mark.parametrize(
    ("row", "other"),
    [
        ((1, 0.0, ""), (1, -0.0, "")),
        ((1, 0.1, ""), (1, 0.1 + 2**-56, "")),
        ((1, None, ""), (1, 0.0, "")),
        ((1, 0.0, ""), (1, 0.0, None)),
    ],
)
def test_the_last_bit_matters(
    row: tuple[object, ...], other: tuple[object, ...], connection: Connection
) -> None:
    assert summed(connection, [row]) != summed(connection, [other])


def test_a_row_counts_as_often_as_it_is_there(connection: Connection) -> None:
    row = (1, 1.0, "a")
    found = {summed(connection, [row] * n).checksum for n in range(4)}
    assert len(found) == 4


def test_settings_of_the_session_do_not_matter(connection: Connection) -> None:
    before = summed(connection, [(1, 0.1, "µ")])
    for setting in ("extra_float_digits = -15", "TimeZone = 'Asia/Tokyo'", "bytea_output = escape"):
        connection.execute(text(f"SET LOCAL {setting}"))
    assert sum_of(connection, "few", ["n", "x", "t"]) == before


def test_rows_are_summed_by_group(connection: Connection) -> None:
    summed(connection, [(1, 0.5, "a"), (2, 0.5, "a"), (2, 0.5, "b")])
    found = sums(connection, sum_query("few", ["t.x", "t.t"], "t.n > 0", "t.n"))
    assert {key: one.rows for key, one in found.items()} == {"1": 1, "2": 2}
