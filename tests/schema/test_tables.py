"""The tables hold a ledger of many models, refuse every wrong variant, and answer by index."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError

from starledger.schema.asof import best_fit_of_star
from starledger.schema.sky import within_cone
from starledger.schema.tables import Fit, Spectrum, StarVersion, Work, metadata
from starledger.schema.units import checked_ucd, checked_unit
from tests.schema.fitted_models import LABELS
from tests.schema.many_models import ManyModels
from tests.schema.million import Million, plan
from tests.schema.sphere import separation
from tests.schema.variants import Variant
from tests.schema.wrong_variants import RIGHT, WRONG

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
            " AND NOT a.attisdropped"
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


@pytest.mark.slow
def test_best_fit_is_found_by_index_among_a_million(million: Million) -> None:
    star = million.first + 1234
    query = best_fit_of_star(star, million.ids["payne_lamost"], million.runs["fit_payne_lamost"])
    with million.engine.connect() as connection:
        found = connection.execute(query).mappings().one()
        planned = plan(connection, query)
    assert found["spectrum_id"] == million.first + 801_234
    assert "Seq Scan on spectrum" not in planned
    assert "ix_star_member_star_id_star_run_id" in planned
    assert "pk_spectrum" in planned
    assert re.search(rf"Index Scan using fit_of_{million.ids['payne_lamost']}_\w+ on", planned)


@pytest.mark.slow
@pytest.mark.parametrize("table", [Spectrum, StarVersion])
def test_a_cone_of_two_degrees_is_found_by_index_among_a_million(
    table: type[Spectrum | StarVersion], million: Million
) -> None:
    name = table.__tablename__
    with million.engine.connect() as connection:
        query = select(table.ra, table.dec).where(within_cone(table, 85.0, -30.0, 2.0))
        found = connection.execute(query).all()
        planned = plan(connection, query)
        everything = connection.execute(select(table.ra, table.dec)).all()
    ras, decs = np.array([tuple(row) for row in everything]).T
    inside = np.flatnonzero(separation(85.0, -30.0, ras, decs) <= 2.0)
    assert len(found) == len(inside) > 50
    assert f"Seq Scan on {name}" not in planned
    assert f"ix_{name}_healpix" in planned


@pytest.mark.slow
def test_a_batch_of_pending_work_is_found_by_index_among_a_million(million: Million) -> None:
    query = (
        select(Work.spectrum_id)
        .where(
            Work.fit_run_id == million.runs["fit_open"],
            Work.state == "pending",
            Work.attempts == 0,
            Work.position > 500_009,
        )
        .order_by(Work.position)
        .limit(256)
        .with_for_update(skip_locked=True)
    )
    with million.engine.connect() as connection:
        found = connection.scalars(query).all()
        planned = plan(connection, query)
    assert found == list(range(million.first + 500_000, million.first + 500_256))
    assert "ix_work_position" in planned
    assert "Sort" not in planned
