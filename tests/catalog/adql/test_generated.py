"""Whatever is asked, PostgreSQL sees one query of allowed tables, or nothing."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from psycopg import Error
from sqlalchemy import Connection

from starledger.catalog.adql.errors import AdqlError
from starledger.catalog.adql.translate import Translation
from tests.catalog.adql.asking import translated
from tests.catalog.adql.collected import blocks
from tests.catalog.adql.grammar import HOSTILE, queries
from tests.catalog.adql.harmless import assert_harmless

COLLECTED = [
    query for name in ("valid.txt", "invalid.txt", "attacks.txt") for query, _ in blocks(name)
]

SYNTAX_OR_NAMES = "42"
"""The class of PostgreSQL's errors about what a query says, and not about numbers in it."""


def translated_if_right(query: str) -> Translation | None:
    """Translate a query, or return None if it is refused as queries are to be."""
    try:
        translation = translated(query)
    except AdqlError as error:
        refusal = error
    else:
        return _harmless(translation)
    assert refusal.line >= 1
    assert refusal.column >= 1
    return None


def _harmless(translation: Translation) -> Translation:
    assert_harmless(translation.sql)
    names = [field.name.lower() for field in translation.fields]
    assert len(names) == len(set(names))
    return translation


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(query=queries)
def test_what_is_translated_is_right_for_postgresql(reader: Connection, query: str) -> None:
    translation = translated_if_right(query)
    event("translated" if translation else "refused")
    if translation is None:
        return
    assert not explained(reader, translation.sql).startswith(SYNTAX_OR_NAMES)


def explained(connection: Connection, sql: str) -> str:
    """Let PostgreSQL plan a query, and return the code of its error, if any."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(f"EXPLAIN {sql}")
    except Error as error:
        return error.sqlstate or ""
    finally:
        cursor.close()
        connection.connection.rollback()
    return ""


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Return a collected query with pieces cut out, doubled, or put in."""
    query = draw(st.sampled_from(COLLECTED))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(query)))
        end = min(len(query), start + draw(st.integers(0, 8)))
        piece = draw(st.sampled_from(("", " ", query[start:end] * 2, *HOSTILE)))
        space = draw(st.sampled_from(("", " ")))
        query = f"{query[:start]}{space}{piece}{space}{query[end:]}"
    return query


@settings(max_examples=500)
@given(query=mutated())
def test_mutated_queries_are_refused_or_harmless(query: str) -> None:
    event("translated" if translated_if_right(query) else "refused")


@settings(max_examples=300)
@given(
    query=st.one_of(
        st.text(max_size=200),
        st.lists(
            st.sampled_from((*HOSTILE, "star", "star_id", "1", "'a'", "*", "=", "WHERE")),
            max_size=25,
        ).map(" ".join),
    )
)
def test_garbage_is_refused_or_harmless(query: str) -> None:
    translated_if_right(query)


@pytest.mark.parametrize("query", COLLECTED)
def test_collected_queries_are_refused_or_harmless(query: str) -> None:
    translated_if_right(query)


DEEP = {
    "brackets": "SELECT {}1{} FROM star",
    "sums": "SELECT teff{} FROM star",
    "conditions": "SELECT star_id FROM star WHERE teff = 1{}",
    "negations": "SELECT star_id FROM star WHERE {}teff = 1",
    "cases": "SELECT {}1{} FROM star",
    "unions": "SELECT star_id FROM star{}",
    "queries": "{}SELECT star_id FROM star{}",
    "functions": "SELECT {}1{} FROM star",
}
REPEATED = {
    "brackets": ("(", ")"),
    "sums": ("+teff", ""),
    "conditions": (" OR teff = 1", ""),
    "negations": ("NOT ", ""),
    "cases": ("CASE WHEN teff = 1 THEN ", " END"),
    "unions": (" UNION SELECT star_id FROM star", ""),
    "queries": ("SELECT star_id FROM (", ") AS q"),
    "functions": ("MOD(", ", 2)"),
}


@pytest.mark.parametrize("times", [5, 20, 400, 5000])
@pytest.mark.parametrize("kind", DEEP)
def test_deep_queries_are_translated_or_refused(kind: str, times: int) -> None:
    query = DEEP[kind].format(*(one * times for one in REPEATED[kind]))
    translation = translated_if_right(query) if times < 100 else None
    if times == 5:
        assert translation is not None
    elif times > 100:
        with suppress(AdqlError):
            assert len(translated(query).sql) < 100 * len(query)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT star_id FROM star" + " " * 250_000,
        "SELECT '" + "a" * 250_000 + "' FROM star",
        "SELECT " + "9" * 5000 + " FROM star",
        "SELECT star_id FROM star\x00",
        "SELECT 'a\x00b' FROM star",
        "SELECT '\ud800' FROM star",
        "SELECT " + ", ".join("1" for _ in range(2000)) + " FROM star",
    ],
    ids=["spaces", "text", "digits", "NUL", "NUL in a text", "surrogate", "columns"],
)
def test_monstrous_queries_are_refused(query: str) -> None:
    with pytest.raises(AdqlError):
        translated(query)


@pytest.mark.parametrize(
    "said",
    [
        "a\\",
        "\\'; DROP TABLE star; --",
        "$$",
        "E'",
        "%s %(x)s :x",
        "/* */",
        "--",
        "{{ x }} {# #}",
        "é\u2028ß",
        '"quoted"',
        "\t\n",
        "'' || ''",
    ],
)
def test_texts_come_back_as_they_went(reader: Connection, said: str) -> None:
    quoted = said.replace("'", "''")
    translation = translated(f"SELECT '{quoted}' AS said FROM star WHERE star_id = 1")
    assert_harmless(translation.sql)
    cursor = reader.connection.cursor()
    cursor.execute(translation.sql)
    assert cursor.fetchall() == [(said,)]
    cursor.close()


@pytest.mark.parametrize(
    "name", ["a b", 'A"B', "x;y", "--", "select", "é", "$1", "%s", "a\\b", "{#"]
)
def test_names_come_back_as_they_went(reader: Connection, name: str) -> None:
    quoted = name.replace('"', '""')
    translation = translated(f'SELECT star_id AS "{quoted}" FROM star ORDER BY "{quoted}"')
    assert [field.name for field in translation.fields] == [name]
    cursor = reader.connection.cursor()
    cursor.execute(translation.sql)
    assert cursor.description is not None
    assert [column[0] for column in cursor.description] == [name]
    cursor.close()
