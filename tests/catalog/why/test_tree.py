"""The tree on the terminal tells the whole chain."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from sqlalchemy import Connection

from starledger.catalog.releases.finding import find_release
from starledger.catalog.why.chain import why
from starledger.catalog.why.tree import tree

pytestmark = pytest.mark.integration


def test_the_tree_tells_each_step(connection: Connection) -> None:
    found = why(connection, find_release(connection, "dr1"), "222", "mg_fe")
    said = io.StringIO()
    Console(file=said, width=1000).print(tree(found))
    lines = said.getvalue()
    for words in (
        "Gaia DR3 222",
        "mg_fe = 0.02559598 ± 0.05 dex by payne_lamost",
        "calibration mg_fe_dwarfs:1 (dwarf, polynomial): 0 → 0.02559598",
        "raw 0 ± 0.05, combined of 3 fits",
        "training set galah_overlap (observed, 1 members",
        "file visit_2.fits",
    ):
        assert words in lines
