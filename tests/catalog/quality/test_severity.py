from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from starledger.catalog.quality.severity import any_label_bad, flag_bad, flag_warn, is_set
from starledger.schema.database import Database
from starledger.schema.flags import FLAGS, Scope, Severity, bad_mask, flags_of

pytestmark = pytest.mark.integration


@pytest.fixture
def connection(ledger: Database) -> Iterator[Connection]:
    with ledger.engine().connect() as connection:
        yield connection


bits = st.none() | st.sets(st.sampled_from(FLAGS)).map(lambda some: sum({f.mask for f in some}))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scope=st.sampled_from(Scope), own=bits, added=bits)
def test_the_database_agrees_with_the_registry(
    connection: Connection, scope: Scope, own: int | None, added: int | None
) -> None:
    both = (own or 0) | (added or 0)
    some = flags_of(scope)[0]
    parts = (flag_bad(scope, "a", "b"), flag_warn(scope, "a", "b"), is_set(some, "a", "b"))
    query = f"SELECT {', '.join(parts)} FROM (SELECT :a ::bigint AS a, :b ::bigint AS b) x"
    found = connection.execute(text(query), {"a": own, "b": added}).one()
    set_now = [one for one in flags_of(scope) if both & one.mask]
    assert found == (
        any(one.severity is Severity.BAD for one in set_now),
        any(one.severity is Severity.WARN for one in set_now),
        bool(both & some.mask),
    )


@pytest.mark.parametrize(
    ("own", "added", "bad"),
    [
        (None, None, False),
        ([0, 0], None, False),
        ([0, bad_mask(Scope.LABEL)], None, True),
        ([0, 0], [0, bad_mask(Scope.LABEL)], True),
        ([1 << 12, 0], [1 << 12, 0], False),
    ],
)
def test_any_label_of_a_fit(
    connection: Connection, own: list[int] | None, added: list[int] | None, *, bad: bool
) -> None:
    query = f"SELECT {any_label_bad('a', 'b')} FROM (SELECT :a ::int[] AS a, :b ::int[] AS b) x"
    assert connection.execute(text(query), {"a": own, "b": added}).scalar_one() is bad
