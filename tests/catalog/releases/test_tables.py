"""The tables of a release, as users see them."""

from __future__ import annotations

from sqlalchemy import Connection, text

from starledger.catalog.releases.finding import find_release
from starledger.catalog.releases.tables import tables_of


def test_every_table_has_its_columns_with_types_and_units(connection: Connection) -> None:
    release = find_release(connection, "dr1")
    tables = {one.name: one for one in tables_of(connection, release)}
    assert set(tables) == set(release.manifest["views"])
    star = {one.name: one for one in tables["star"].fields}
    assert (star["star_id"].type, star["teff"].unit, star["ra"].ucd) == (
        "bigint", "K", "pos.eq.ra;meta.main",
    )  # fmt: skip
    for one in tables.values():
        said = connection.execute(text(f"SELECT * FROM {one.relation} LIMIT 0")).keys()
        assert list(said) == [field.name for field in one.fields]
        assert one.description
        assert one.rows == connection.scalar(text(f"SELECT count(*) FROM {one.relation}"))


def test_rows_are_read_from_the_copy_where_there_is_one(connection: Connection) -> None:
    plain = tables_of(connection, find_release(connection, "dr1"))
    copied = tables_of(connection, find_release(connection, "dr2"))
    assert {one.relation for one in plain} == {f"dr1.{one.name}" for one in plain}
    assert {one.relation for one in copied if one.name in ("star", "flag")} == {
        "dr2_data.star", "dr2.flag",
    }  # fmt: skip
