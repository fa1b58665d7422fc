"""Every query that the documentation shows is answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from astropy.table import Table

from starledger.catalog.query.asking import Asker
from starledger.schema.database import Database

pytestmark = pytest.mark.integration

HOUSE = Path(__file__).parents[3]
PAGES = ("README.md", "docs/how-to/query.md", "docs/how-to/sky.md")
"""Pages whose SQL is ADQL; those that are not there have none."""


def queries(page: str) -> Iterator[str]:
    """Yield the queries of a page: those in fences of their own, and those given to the command."""
    path = HOUSE / page
    text = path.read_text("utf-8") if path.exists() else ""
    for fence in re.findall(r"^```sql\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        whole = re.split(r"\n\s*\n", fence.strip())
        yield from (one for one in whole if re.match("SELECT|WITH", one))
    for shell in re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield from re.findall(r'starledger query [^"\n]*"(SELECT[^"]*)"', shell)


FOUND = [(page, query) for page in PAGES for query in queries(page)]


def test_there_are_some() -> None:
    assert len(FOUND) > 8


@pytest.mark.parametrize(("page", "query"), FOUND)
def test_a_documented_query_is_answered(
    ledger_of_releases: Database, page: str, query: str
) -> None:
    mine = Table({"name": ["a", "b"], "ra": [150.0, 10.0], "dec": [2.0, 20.0], "S/N": [1.0, 2.0]})
    mine["star_id"] = [1, 7]
    for motion in ("parallax", "pmra", "pmdec", "rv"):
        mine[motion] = [1.0, 2.0]
    with Asker(ledger_of_releases) as asker:
        answer = asker.answer(asker.question(query, uploads={"mine": mine}))
    assert len(answer.fields) == answer.rows.num_columns
    assert [one.name for one in answer.fields] == answer.rows.column_names
