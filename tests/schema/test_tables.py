"""The tables hold the small ledger of many models, and refuse every wrong variant of it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError

from starledger.schema.tables import (
    Fit,
    Spectrum,
    metadata,
)
from starledger.schema.units import checked_ucd, checked_unit
from tests.schema.many_models import LABELS, ManyModels
from tests.schema.wrong_variants import RIGHT, WRONG, Variant

pytestmark = pytest.mark.integration

COLUMNS = [column for table in metadata.tables.values() for column in table.columns]


def undeclared(columns: list[Any]) -> list[str]:
    """Return the columns that lack a valid unit, UCD or description."""
    lacking = []
    for column in columns:
        try:
            checked_unit(column.info["unit"])
            checked_ucd(column.info["ucd"])
            assert column.info["description"]
            assert column.comment
        except (KeyError, ValueError, AssertionError):
            lacking.append(str(column))
    return lacking


def test_every_column_has_unit_ucd_and_description() -> None:
    assert undeclared(COLUMNS) == []


@pytest.mark.parametrize("key", ["unit", "ucd", "description"])
def test_a_column_without_one_of_them_is_found(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    column = metadata.tables["ledger.fit"].c.chi2
    monkeypatch.delitem(column.info, key)
    assert undeclared(COLUMNS) == ["fit.chi2"]


def test_every_column_and_table_is_commented_in_the_database(connection: Connection) -> None:
    bare = connection.scalars(
        text(
            "SELECT c.relname || coalesce('.' || a.attname, '') FROM pg_class c"
            " LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
            " WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind IN ('r', 'p')"
            " AND c.relname <> 'schema_revision' AND (obj_description(c.oid) IS NULL"
            " OR col_description(c.oid, a.attnum) IS NULL)"
        )
    ).all()
    assert bare == []


def test_every_constraint_has_a_name_of_ours(connection: Connection) -> None:
    strange = connection.scalars(
        text(
            "SELECT conname FROM pg_constraint WHERE connamespace = 'ledger'::regnamespace"
            " AND conname !~ '^(pk|fk|uq|ck)_' AND contype <> 'n' AND conparentid = 0"
            " AND conname <> 'schema_revision_pkc' AND contype <> 't'"
        )
    ).all()
    assert strange == []


def test_models_of_different_shapes_live_side_by_side(
    connection: Connection, many: ManyModels
) -> None:
    lengths = connection.execute(
        select(Fit.model_id, func.cardinality(Fit.labels), func.cardinality(Fit.covariance))
        .where(Fit.outcome == "good")
        .distinct()
    ).all()
    expected = {
        (many.ids[name], len(labels), len(labels) * (len(labels) + 1) // 2)
        for name, labels in LABELS.items()
    }
    assert {tuple(row) for row in lengths} == expected
    partitions = connection.scalar(
        text("SELECT count(*) FROM pg_inherits WHERE inhparent = 'ledger.fit'::regclass")
    )
    assert partitions == len(LABELS)


@pytest.mark.parametrize("wrong", WRONG)
def test_the_database_refuses(wrong: str, many: ManyModels) -> None:
    insert_it, words = WRONG[wrong]
    with pytest.raises(DBAPIError, match=words):
        insert_it(many)


@pytest.mark.parametrize("right", RIGHT)
def test_their_right_variants_are_taken(right: Variant, many: ManyModels) -> None:
    right(many)


def test_spectrum_is_never_deleted(many: ManyModels) -> None:
    with pytest.raises(DBAPIError, match="its rows are never changed"):
        many.connection.execute(Spectrum.__table__.delete())  # type: ignore[attr-defined]
