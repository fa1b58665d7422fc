"""What differs between two releases: stars, labels, flags."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from starledger.catalog.releases.differing import Change, Difference, changes, difference_query
from starledger.catalog.releases.finding import find_release
from tests.catalog.releases.growing import Growing

pytestmark = pytest.mark.integration

COLUMNS = "(star_id, starid, teff, err_teff, bits_teff, flags)"
BEFORE = """(VALUES
    (1, 'one', 5000::real, 30::real, 0, 0::bigint),
    (2, 'two', 5000, 30, 0, 0),
    (3, 'three', 5000, 30, 0, 0),
    (4, 'four', 5000, 30, 0, 0),
    (5, 'five', 5000, 30, 0, 0),
    (6, 'six', NULL, NULL, 0, 0),
    (7, 'seven', 5000, NULL, 0, 0))"""
AFTER = """(VALUES
    (1, 'one', 5000::real, 30::real, 0, 0::bigint),
    (2, 'two', 5211, 40, 0, 0),
    (3, 'three', 5209, 40, 32, 4),
    (4, 'four', NULL, NULL, 0, 0),
    (6, 'six', 5000, 30, 0, 0),
    (7, 'seven', 5001, NULL, 0, 0),
    (8, 'eight', 5000, 30, 0, 0))"""


@pytest.fixture
def found(connection: Connection) -> list[Change]:
    """Return what differs between the two lists of stars: 4.2 errors are 210 K of 50."""
    for name, rows in (("before_", BEFORE), ("after_", AFTER)):
        connection.execute(text(f"CREATE TEMP TABLE {name} AS SELECT * FROM {rows} v {COLUMNS}"))
    query = difference_query("before_", "after_", ["teff"], 4.2)
    return [Change(*row) for row in connection.exec_driver_sql(query)]


def test_every_kind_of_change_is_found(found: list[Change]) -> None:
    seen = {(one.star_id, one.change, one.label) for one in found}
    assert seen == {
        (2, "moved", "teff"),
        (3, "flagged", "teff"),
        (3, "flagged", "flags"),
        (4, "lost", "teff"),
        (5, "vanished", None),
        (6, "gained", "teff"),
        (7, "moved", "teff"),
        (8, "appeared", None),
    }


def test_a_move_tells_by_how_many_errors(found: list[Change]) -> None:
    moved = next(one for one in found if one.star_id == 2)
    assert (moved.before, moved.after) == (5000.0, 5211.0)
    assert moved.sigma == pytest.approx(4.22)
    flagged = next(one for one in found if (one.star_id, one.label) == (3, "teff"))
    assert (flagged.before, flagged.after) == (0, 32)


def test_changes_are_counted(found: list[Change]) -> None:
    counted = Difference()
    for one in found:
        counted.count(one)
    assert counted.n_changes["moved"] == 2
    assert counted.by_label["teff moved"] == 2


def test_a_release_does_not_differ_from_itself(connection: Connection) -> None:
    release = find_release(connection, "dr1")
    assert list(changes(connection, release, release, 0)) == []


def test_two_releases_differ_in_what_they_recommend(
    connection: Connection, growing: Growing
) -> None:
    first, second = find_release(connection, "dr1"), find_release(connection, "dr2")
    found = {one.label: one for one in changes(connection, first, second, 0.5)}
    assert found["teff"].star_id == growing.ids["star"]
    assert found["teff"].sigma == pytest.approx(28 / 50)
    assert found["flags"].after == 4
