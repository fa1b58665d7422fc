from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from starledger.ingest.remote.faults import RemoteError
from starledger.ingest.remote.request import Request, wanted_of
from starledger.ingest.remote.selections import Cone, Region
from starledger.ingest.remote.wanted import Wanted
from starledger.ingest.surveys import UnknownDataRelease


def wanted(**asked: Any) -> Wanted:
    given: dict[str, Any] = {"service": "gaia", "survey": "gaia", "release": "dr3", **asked}
    return wanted_of(Request(**given))


@pytest.mark.parametrize("release", ["dr2", "edr3", "dr3", "dr3/v2"])
def test_gaia_sources_are_of_the_release(release: str) -> None:
    found = wanted(release=release)
    assert found.table.name == f"gaia{release.partition('/')[0]}.gaia_source"
    assert ("ruwe" in found.columns) == (release != "dr2")
    assert found.release.product == "gaia_source"


def test_a_cone_is_a_region() -> None:
    assert wanted(ra=1.0, dec=-2.0, radius=3.0).selection == Region(Cone(1.0, -2.0, 3.0))


def test_the_key_is_always_fetched() -> None:
    assert wanted(columns=("ra", "dec")).columns == ("source_id", "ra", "dec")


def test_any_table_of_any_service() -> None:
    found = wanted(
        service="tap", url="https://tap.example/tap/", table="public.stars", survey="value_added",
        release="stars", columns=("id", "name"), key="id", upload_rows=0,
    )  # fmt: skip
    assert (found.url, found.columns) == ("https://tap.example/tap", ("id", "name"))
    assert str(found.release) == "value_added/stars/v1:stars"


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        (
            {"release": "dr2", "table": "gaiadr3.gaia_source"},
            "belongs to gaia dr3, not to gaia dr2",
        ),
        ({"survey": "galah", "table": "gaiadr3.gaia_source"}, "belongs to gaia dr3"),
        ({"release": "dr9"}, "No table is named"),
        ({"service": "tap"}, "no address"),
        ({"service": "vizier", "table": "V/164/dr5"}, "do not know the table"),
        ({"service": "vizier"}, "No table is named"),
        ({"ra": 1.0, "dec": 2.0}, "cone is incomplete"),
        ({"ra": 1.0, "ids_of_ledger": True}, "More than one"),
        ({"ids_of_ledger": True, "id_column": "ra"}, "does not know the identifiers ra"),
        ({"ids_file": Path("/nowhere")}, "cannot be read"),
    ],
)
def test_what_does_not_go_together_is_told(asked: dict[str, Any], complaint: str) -> None:
    with pytest.raises(RemoteError, match=complaint):
        wanted(**asked)


def test_a_cone_needs_positions() -> None:
    pairs = wanted(table="gaiadr3.dr2_neighbourhood", ra=1.0, dec=2.0, radius=1.0)
    with pytest.raises(RemoteError, match="has no positions"):
        pairs.conditions()


def test_an_unknown_survey_is_refused() -> None:
    with pytest.raises(UnknownDataRelease):
        wanted(survey="hubble")
