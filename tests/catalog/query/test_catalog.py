"""The catalog in Python."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from astropy.table import Table

from starledger import open_catalog
from starledger.catalog.query.catalog import Catalog, QueryWarning
from starledger.catalog.query.limits import Limits
from starledger.catalog.releases.errors import NoSuchRelease
from starledger.schema.database import Database
from tests.conftest import address

pytestmark = pytest.mark.integration


@pytest.fixture
def catalog(ledger_of_releases: Database) -> Iterator[Catalog]:
    """Return the catalog of the ledger."""
    with open_catalog(database=address(ledger_of_releases)) as catalog:
        yield catalog


def test_a_query_gives_a_table_with_units(catalog: Catalog) -> None:
    stars = catalog.query("SELECT star_id, teff FROM star", release="dr1")
    assert isinstance(stars, Table)
    assert str(stars["teff"].unit) == "K"
    assert len(stars) == 1


def test_a_cut_answer_warns(catalog: Catalog) -> None:
    with pytest.warns(QueryWarning, match="cut at 3 rows"):
        stars = catalog.query("SELECT column_name FROM column_info", limits=Limits(rows=3))
    assert len(stars) == 3


def test_uploads_may_be_files_and_tables(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("star_id,b\n1,x\n")
    query = (
        "SELECT m.a, o.b FROM mine AS m JOIN other AS o ON o.star_id = m.star_id"
        " JOIN star AS s ON s.star_id = m.star_id"
    )
    uploads = {"mine": Table({"star_id": [1], "a": [2.5]}), "other": path}
    found = catalog.query(query, uploads=uploads)
    assert [tuple(row) for row in found] == [(2.5, "x")]


def test_a_release_tells_what_it_is(catalog: Catalog) -> None:
    assert [one.name for one in catalog.releases()] == ["dr1", "dr2"]
    newest, first = catalog.release(), catalog.release("dr1")
    assert (newest.name, first.title, first.licence) == ("dr2", "The first", "CC BY 4.0")
    assert (first.withdrawn, first.citation, first.doi) == (None, None, None)
    assert newest.labels["teff"] == "dd_payne_lamost"
    assert "star" in first.views
    assert first.manifest["views"]["star"]["rows"] == 1
    with pytest.raises(NoSuchRelease):
        catalog.release("dr9")


def test_a_release_gives_its_tables_whole(catalog: Catalog) -> None:
    first = catalog.release("dr1")
    about = {one.name: one for one in first.tables}
    for name in ("star", "fit", "provenance", "flag", "column_info"):
        table = first.table(name)
        assert len(table) == about[name].rows
        assert table.colnames == [one.name for one in about[name].fields]
    assert "combination run" in set(first.provenance()["what"])


def test_it_can_be_used_without_with(ledger_of_releases: Database) -> None:
    code = (
        "from starledger import open_catalog\n"
        f"catalog = open_catalog(database={address(ledger_of_releases)!r})\n"
        "print(catalog.query('SELECT star_id FROM star')['star_id'][0])\n"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


def test_importing_starledger_imports_nothing_heavy() -> None:
    code = (
        "import sys, starledger\n"
        "heavy = ('numpy', 'astropy', 'pyarrow', 'sqlalchemy', 'torch', 'sqlglot', 'click')\n"
        "print([one for one in heavy if one in sys.modules])\n"
        "print(callable(starledger.open_catalog))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\nTrue\n"
