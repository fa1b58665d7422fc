"""Queries of the small ledger: what they answer, how they are cut, and why they are refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.table import Table
from sqlalchemy import text

from starledger.catalog.adql.errors import AdqlError
from starledger.catalog.query.asking import Asker
from starledger.catalog.query.errors import QueryFailed, QueryRefused
from starledger.catalog.query.limits import Limits
from starledger.catalog.query.running import run
from starledger.catalog.releases.errors import NoSuchRelease
from starledger.catalog.releases.publishing import publish
from starledger.catalog.releases.withdrawing import withdraw
from starledger.schema.database import Database
from starledger.schema.roles import Role
from tests.catalog.releases.growing import Growing

pytestmark = pytest.mark.integration

LARGE = 2**53 + 1
MINUTES = "SELECT COUNT(*) AS n FROM flag a, flag b, flag c, flag d, flag e"
HOURS = f"{MINUTES}, flag f, flag g"
"""Every flag with every other, five times or seven."""


@pytest.fixture
def asker(ledger_of_releases: Database) -> Iterator[Asker]:
    """Return whom to ask."""
    with Asker(ledger_of_releases) as asker:
        yield asker


def test_an_answer_has_rows_and_what_its_columns_mean(ledger_of_releases: Database) -> None:
    answer = run(ledger_of_releases, "SELECT star_id, ra, teff, starid FROM star")
    with ledger_of_releases.engine().connect() as connection:
        rows = connection.execute(text("SELECT star_id, ra, teff, starid FROM dr2.star")).all()
    assert [tuple(row.values()) for row in answer.rows.to_pylist()] == [tuple(row) for row in rows]
    assert [one.unit for one in answer.fields] == ["dimensionless", "deg", "K", "dimensionless"]
    assert (answer.truncated, answer.notes) == (False, ())
    assert dict(answer.about.pairs)["release"] == "dr2"
    assert dict(answer.about.pairs)["licence"] == "CC BY 4.0"


def test_an_answer_gives_itself_as_astropy_and_arrow(ledger_of_releases: Database) -> None:
    answer = run(ledger_of_releases, "SELECT star_id, teff, rv, err_rv, pmra FROM star")
    table = answer.table()
    assert isinstance(table, Table)
    assert table["teff"].unit == u.K
    assert table["teff"].description
    assert table["teff"].dtype == np.float32
    for name, column in zip(table.colnames, answer.rows.columns, strict=True):
        assert np.ma.getmaskarray(table[name]).tolist() == column.is_null().to_pylist()
    arrow = answer.arrow()
    assert arrow.schema.field("teff").metadata[b"unit"] == b"K"
    assert arrow.schema.metadata[b"release"] == b"dr2"
    assert arrow.to_pylist() == answer.rows.to_pylist()


def test_an_answer_gives_itself_as_pandas(ledger_of_releases: Database) -> None:
    pd: Any = pytest.importorskip("pandas")
    query = f"SELECT {LARGE} AS large, a.bit, b.bit AS other, a.name, s.teff FROM flag AS a"
    answer = run(
        ledger_of_releases,
        f"{query} LEFT JOIN flag AS b ON b.name = a.name AND b.bit = 1 LEFT JOIN star AS s"
        " ON s.star_id = a.bit ORDER BY a.scope, a.bit",
    )
    frame = answer.to_pandas()
    assert list(frame.columns) == [one.name for one in answer.fields]
    # Integers stay what they are beside nulls.
    assert set(frame["large"]) == {LARGE}
    assert frame["other"].dtype == pd.Int16Dtype()
    for name, column in zip(frame.columns, answer.rows.columns, strict=True):
        assert frame[name].isna().tolist() == column.is_null().to_pylist()
        known = [one for one in column.to_pylist() if one is not None]
        assert frame[name].dropna().tolist() == known


def test_shapes_are_arrays(ledger_of_releases: Database) -> None:
    answer = run(
        ledger_of_releases,
        "SELECT POINT(ra, dec) AS p, POLYGON(1.0, 2.0, 3.0, 4.0, 5.0, 7.0) AS corners,"
        " CASE WHEN star_id < 0 THEN 1.5 END AS nothing, ra, dec FROM star",
    )
    (row,) = answer.arrow().to_pylist()
    assert (row["p"], row["corners"]) == ([row["ra"], row["dec"]], [1.0, 2.0, 3.0, 4.0, 5.0, 7.0])
    table = answer.table()
    assert table["p"].shape == (1, 2)
    assert table["corners"].tolist() == [row["corners"]]


def test_the_release_is_the_newest_or_the_named_one(ledger_of_releases: Database) -> None:
    query = "SELECT COUNT(*) AS n FROM column_info"
    newest = run(ledger_of_releases, query).rows.to_pylist()
    named = run(ledger_of_releases, query, release="dr1").rows.to_pylist()
    assert newest != named
    both = "SELECT a.star_id, b.star_id FROM dr1.star a JOIN dr2.star b ON a.star_id = b.star_id"
    answer = run(ledger_of_releases, both)
    assert dict(answer.about.pairs)["release"] == "dr1; dr2"
    with pytest.raises(NoSuchRelease):
        run(ledger_of_releases, query, release="dr9")


def test_a_withdrawn_release_answers_with_its_reason(ledger: Database) -> None:
    with ledger.engine().begin() as connection:
        growing = Growing(connection)
    for name in ("dr1", "dr2"):
        publish(ledger.engine(), growing.draft(name))
    withdraw(ledger.engine(), "dr2", "wrong zero point")
    query = "SELECT star_id FROM star"
    assert run(ledger, query).notes == ()
    answer = run(ledger, query, release="dr2")
    assert answer.notes == ("Release dr2 was withdrawn: wrong zero point",)
    assert dict(answer.about.pairs)["withdrawn"] == "wrong zero point"


def test_an_answer_longer_than_its_limit_is_cut_and_says_so(asker: Asker) -> None:
    query = "SELECT table_name, column_name FROM column_info ORDER BY table_name, position"
    whole = asker.answer(asker.question(query))
    some = asker.answer(asker.question(query, limits=Limits(rows=10)))
    assert (whole.truncated, some.truncated) == (False, True)
    assert some.rows.to_pylist() == whole.rows.to_pylist()[:10]
    assert "cut at 10 rows" in some.notes[0]
    assert "10 rows" in dict(some.about.pairs)["truncated"]
    count = whole.rows.num_rows
    exact = asker.answer(asker.question(query, limits=Limits(rows=count)))
    assert (exact.truncated, exact.rows.num_rows) == (False, count)


def test_an_answer_that_was_asked_to_be_short_is_whole(asker: Asker) -> None:
    query = "SELECT TOP 10 column_name FROM column_info"
    assert not asker.answer(asker.question(query, limits=Limits(rows=10))).truncated
    cut = asker.answer(asker.question(query, limits=Limits(rows=9)))
    assert (cut.truncated, cut.rows.num_rows) == (True, 9)


def test_a_query_may_take_so_long(asker: Asker) -> None:
    with pytest.raises(QueryRefused, match=r"longer than the 0\.2 s"):
        asker.answer(asker.question(MINUTES, limits=Limits(seconds=0.2, cost=1e12)))
    assert asker.answer(asker.question("SELECT star_id FROM star")).rows.num_rows == 1


def test_a_query_may_cost_so_much(asker: Asker) -> None:
    with pytest.raises(QueryRefused, match="every one with every other") as raised:
        asker.answer(asker.question(HOURS))
    assert "--cost-limit" in str(raised.value)
    assert "ledger" not in str(raised.value)


def test_a_division_by_zero_is_the_querys_own(asker: Asker) -> None:
    with pytest.raises(QueryFailed, match="divides by zero"):
        asker.answer(asker.question("SELECT 1 / (star_id - star_id) AS x FROM star"))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM ledger.fit",
        "SELECT * FROM pg_catalog.pg_authid",
        "SELECT * FROM dr1_data.star",
        "SELECT * FROM nowhere",
        "SELECT nothing FROM star",
    ],
)
def test_tables_of_releases_are_all_there_is(asker: Asker, query: str) -> None:
    with pytest.raises(AdqlError):
        asker.question(query)


def test_uploads_are_joined_with_a_release(asker: Asker) -> None:
    mine = Table({"star_id": [1, 7], "source_id": [LARGE, -1], "name": ["α", "x"]})
    mine["S/N"] = [1.5, 2.5]
    for name in ("mine", "tap_upload.mine"):
        question = asker.question(
            f'SELECT m.source_id, m.name, m."S/N", s.teff FROM {name} AS m'
            " JOIN star AS s ON s.star_id = m.star_id",
            uploads={"mine": mine},
        )
        (row,) = asker.answer(question).rows.to_pylist()
        assert (row["source_id"], row["name"], row["S/N"]) == (LARGE, "α", 1.5)


def test_a_table_of_the_release_is_not_hidden_by_an_upload(asker: Asker) -> None:
    uploads = {"star": Table({"a": [1]})}
    answer = asker.answer(asker.question("SELECT teff FROM star", uploads=uploads))
    assert answer.rows.num_rows == 1
    mine = asker.answer(asker.question("SELECT a FROM tap_upload.star", uploads=uploads))
    assert mine.rows.to_pylist() == [{"a": 1}]


def test_askers_do_not_see_each_others_uploads(ledger_of_releases: Database) -> None:
    """Eight at a time bring a table of the same name, each its own."""
    found: dict[int, Any] = {}
    with Asker(ledger_of_releases) as asker:

        def ask(number: int) -> None:
            rows = pa.table({"number": [number] * 1000})
            query = "SELECT MIN(number) AS low, MAX(number) AS high, COUNT(*) AS n FROM mine"
            question = asker.question(query, uploads={"mine": rows})
            found[number] = asker.answer(question).rows.to_pylist()

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        with pytest.raises(AdqlError):
            asker.question("SELECT * FROM mine")
    assert found == {number: [{"low": number, "high": number, "n": 1000}] for number in range(8)}


def test_uploads_alone_can_be_asked_before_anything_is_published(ledger: Database) -> None:
    answer = run(ledger, "SELECT a FROM mine", uploads={"mine": Table({"a": [3]})})
    assert answer.rows.to_pylist() == [{"a": 3}]
    assert "release" not in dict(answer.about.pairs)


def test_who_may_only_read_releases_asks_them(ledger_of_releases: Database) -> None:
    database = Database(dict.fromkeys(Role, ledger_of_releases.urls[Role.READER]))
    answer = run(database, "SELECT star_id, teff FROM dr2.star")
    database.close()
    assert answer.rows.num_rows == 1
    assert answer.fields[1].unit == "K"


def test_rows_can_be_read_in_part(asker: Asker) -> None:
    question = asker.question("SELECT a.name FROM flag a, flag b, flag c, flag d")
    with asker.reading(question) as batches:
        assert next(batches).num_rows > 0
    assert asker.answer(asker.question("SELECT star_id FROM star")).rows.num_rows == 1


def test_a_plan_is_shown_without_running(asker: Asker) -> None:
    plan = asker.explanation(asker.question(HOURS))
    assert "Nested Loop" in plan
