"""The page on ADQL: it names every function, and its examples answer what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import Connection

from starledger.catalog.adql.errors import AdqlError
from starledger.catalog.adql.functions import FUNCTIONS
from tests.catalog.adql.asking import asked, translated
from tests.catalog.adql.collected import shown

PAGE = Path(__file__).parents[3].joinpath("docs", "how-to", "adql.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```sql\n(.*?)^```\n\n```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_every_example_has_an_answer() -> None:
    assert len(EXAMPLES) == PAGE.count("```sql") >= 7


@pytest.mark.parametrize(("query", "answer"), EXAMPLES)
def test_the_example_answers_what_the_page_says(
    reader: Connection, query: str, answer: str
) -> None:
    if answer.startswith("Line"):
        with pytest.raises(AdqlError, match=re.escape(answer.strip())):
            translated(query)
        return
    rows = asked(reader, translated(query).sql).rows
    assert [shown(row) for row in rows] == answer.splitlines()


def test_every_function_is_on_the_page() -> None:
    words = set(re.findall(r"\w+", PAGE.upper()))
    assert set(FUNCTIONS) <= words
