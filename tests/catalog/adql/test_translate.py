"""What a translation tells of its answer, and how errors travel."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest
from sqlalchemy import Connection

from starledger.catalog.adql.errors import AdqlError
from starledger.catalog.adql.translate import translate
from starledger.catalog.fields import Field
from starledger.catalog.releases.finding import find_release
from starledger.catalog.releases.publishing import publish
from starledger.catalog.releases.tables import tables_of
from starledger.schema.database import Database
from tests.catalog.adql.asking import asked, translated
from tests.catalog.adql.tiny import STAR, TABLES
from tests.catalog.releases.growing import Growing


def fields(expressions: str, source: str = "star") -> list[Field]:
    return list(translated(f"SELECT {expressions} FROM {source}").fields)


def units(expressions: str) -> list[str]:
    return [field.unit for field in fields(expressions)]


def test_columns_bring_unit_ucd_and_description() -> None:
    assert translated("SELECT * FROM star").fields == STAR
    (teff,) = fields("TEFF AS hot")
    assert (teff.name, teff.type, teff.unit) == ("hot", "real", "K")
    assert teff.ucd == "phys.temperature.effective"
    assert teff.description == "the teff"


def test_columns_bring_them_through_queries_within() -> None:
    inner = "(SELECT teff AS t, MAX(pmra) AS pm FROM star GROUP BY teff) AS q"
    assert [field.unit for field in fields("q.t, pm, *", inner)] == ["K", "mas/yr", "K", "mas/yr"]
    union = translated("SELECT teff FROM star UNION SELECT ra FROM star").fields[0]
    assert (union.name, union.unit, union.type) == ("teff", "K", "double precision")
    common = translated("WITH q AS (SELECT teff FROM star) SELECT teff FROM q").fields[0]
    assert common.unit == "K"


def test_what_keeps_a_unit_and_what_does_not() -> None:
    assert units("MIN(teff), MAX(teff), AVG(teff), SUM(teff), COUNT(teff)") == [
        "K",
        "K",
        "K",
        "K",
        "dimensionless",
    ]
    assert units("ABS(teff), ROUND(teff, 1), COALESCE(teff, 0), -teff, CAST(teff AS INTEGER)") == (
        ["K"] * 5
    )
    assert units(
        "teff + 1, teff - teff, teff * 2, teff / 2, 2 * teff, teff * pmra, LOG10(teff)"
    ) == [
        "K",
        "K",
        "K",
        "K",
        "K",
        "dimensionless",
        "dimensionless",
    ]
    assert units("DEGREES(1), RADIANS(ra), ATAN2(1, 2), AREA(CIRCLE(1, 2, 3))") == [
        "deg",
        "rad",
        "rad",
        "deg**2",
    ]
    assert units("DISTANCE(ra, dec, 1, 2), COORD1(POINT(ra, dec)), IN_UNIT(ra, 'arcmin')") == [
        "deg",
        "deg",
        "arcmin",
    ]
    assert units("CASE WHEN star_id = 1 THEN NULL ELSE teff END, 5, name") == [
        "K",
        "dimensionless",
        "dimensionless",
    ]


def test_names_of_columns_are_never_the_same() -> None:
    answer = translated("SELECT a.*, b.star_id, b.star_id AS Star_ID, 1 FROM star AS a, star AS b")
    names = [field.name for field in answer.fields]
    assert names[:2] == ["star_id", "name"]
    assert names[-3:] == ["star_id_2", "Star_ID_3", "column_19"]
    within = 'SELECT "a", "A" FROM (SELECT star_id AS a, teff AS "A" FROM star) AS q'
    assert [field.name for field in translated(within).fields] == ["a", "A_2"]


def test_the_limit_is_that_of_the_outermost_top() -> None:
    assert translated("SELECT TOP 7 star_id FROM star").limit == 7
    assert translated("SELECT star_id FROM star").limit is None
    assert translated("SELECT * FROM (SELECT TOP 7 star_id FROM star) AS q").limit is None
    assert translated("SELECT TOP 7 star_id FROM star UNION SELECT 1 FROM star").limit is None


def test_tables_of_several_schemas() -> None:
    newer = replace(TABLES[0], schema="other", relation="other_data.star")
    both = (*TABLES, newer)
    query = "SELECT a.star_id FROM other.star AS a JOIN tiny.star AS b ON a.star_id = b.star_id"
    sql = translate(query, both, default=None).sql
    assert "other_data.star" in sql
    assert "tiny_data.star" in sql
    assert "tiny_data" in translate("SELECT star_id FROM star", both, default="TINY").sql
    with pytest.raises(AdqlError, match=r"without a schema.*tiny\.star"):
        translate("SELECT star_id FROM star", both, default=None)


def test_own_tables_are_found_without_a_schema_unless_a_release_has_one() -> None:
    mine = replace(TABLES[2], name="star")
    assert "tiny_data.upload_mine" in translated("SELECT size FROM mine").sql
    assert "tiny_data.star" in translate("SELECT ra FROM star", (mine, *TABLES), default="tiny").sql


def test_cells_of_own_tables_are_not_trusted() -> None:
    mine = replace(TABLES[0], schema="tap_upload", relation="mine")
    cone = "SELECT star_id FROM {} WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(1, 2, 3))"
    trusted = translate(cone.format("tiny.star"), (mine, *TABLES), default=None).sql
    own = translate(cone.format("tap_upload.star"), (mine, *TABLES), default=None).sql
    assert '"healpix" BETWEEN' in trusted
    assert "healpix" not in own


def test_a_cone_in_a_query_within_still_uses_cells() -> None:
    sql = translated(
        "SELECT s FROM (SELECT star_id AS s, ra AS x, dec AS y, healpix AS h FROM star) AS q"
        " WHERE 1 = CONTAINS(POINT(x, y), CIRCLE(1, 2, 3))"
    ).sql
    assert '"h" BETWEEN' in sql


def test_errors_travel_and_say_where() -> None:
    with pytest.raises(AdqlError) as caught:
        translated("SELECT ra,\n  tef FROM star")
    error = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert (error.line, error.column, error.word, error.suggestion) == (2, 3, "tef", "teff")
    assert str(error) == str(caught.value)
    assert "Line 2, column 3" in str(error)
    assert "Did you mean teff?" in error.remedy


def test_types_of_a_release_are_those_of_its_tables(ledger: Database) -> None:
    with ledger.engine().begin() as connection:
        growing = Growing(connection)
    publish(ledger.engine(), growing.draft())
    publish(ledger.engine(), growing.draft_of_two(), materialise=True)
    with ledger.engine().connect() as connection:
        for name in ("dr1", "dr2"):
            _assert_tables_are_read(connection, name)


def _assert_tables_are_read(connection: Connection, name: str) -> None:
    tables = tables_of(connection, find_release(connection, name))
    for table in tables:
        translation = translate(f"SELECT * FROM {table.name}", tables, default=name)
        answer = asked(connection, translation.sql)
        assert len(answer.rows) == table.rows
        assert answer.types == [field.type for field in table.fields]
        assert answer.names == [field.name for field in table.fields]
        assert translation.fields == table.fields
