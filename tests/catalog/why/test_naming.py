"""A star is found by any of its names."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from starledger.catalog.releases.errors import NoSuchStar
from starledger.catalog.releases.finding import find_release
from starledger.catalog.why.naming import star_named
from tests.catalog.releases.growing import Growing

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("given", ["222", "S1500000+020000", " S1500000+020000", "visit_2"])
@pytest.mark.parametrize("name", ["dr1", "dr2"])
def test_a_star_is_found(given: str, name: str, connection: Connection, growing: Growing) -> None:
    release = find_release(connection, name)
    assert star_named(connection, release, given) == growing.ids["star"]


def test_a_star_is_found_by_its_number(connection: Connection, growing: Growing) -> None:
    release = find_release(connection, "dr1")
    star = growing.ids["star"]
    assert star_named(connection, release, str(star)) == star


@pytest.mark.parametrize("given", ["", "999999", "nobody", "9" * 30, "²", "visit_other"])
def test_nobody_is_found(given: str, connection: Connection) -> None:
    release = find_release(connection, "dr1")
    with pytest.raises(NoSuchStar, match="has no star"):
        star_named(connection, release, given)
