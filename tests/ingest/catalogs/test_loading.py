from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, text

from starledger.ingest.catalogs import loading
from starledger.ingest.catalogs.conversion import Conversion, target_columns
from starledger.ingest.catalogs.files.table import Refusal, UnreadableTable
from starledger.ingest.catalogs.loading import Loader
from starledger.ingest.surveys import Release, ensure_data_release
from starledger.schema.database import Database
from starledger.schema.runs import close_run, open_run
from starledger.schema.tables import RunKind
from tests.ingest.catalogs.memory_table import LAYOUT, MemoryTable, visits

pytestmark = pytest.mark.integration

LABELS = ("teff",)


class Ledger:
    """Loads tables, each in a run of its own, and tells what is there."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        release = Release.parse("lamost", "dr5", "general")
        self.release = ensure_data_release(connection, release)

    def load(self, *tables: MemoryTable, complete: bool = False) -> tuple[int, list[Counter[str]]]:
        """Return the run, and what became of the rows of each table."""
        about = {"data_release_id": self.release, "content": "catalog"}
        run = open_run(self.connection, RunKind.INGEST, **about)
        paths = [f"table{n}" for n, _ in enumerate(tables, 1)]
        columns = target_columns(LAYOUT, LABELS)
        loader = Loader(self.connection, "survey_visit", columns, self.release, run, paths)
        known = []
        for number, table in enumerate(tables, 1):
            conversion = Conversion(LAYOUT, table.about, LABELS)
            counts = loader.load(number, paths[number - 1], table, conversion, lambda _n: None)
            known.append(counts.counts + Counter(n_read=counts.n_read))
        merged, self.gone = loader.finish(complete=complete)
        close_run(self.connection, run)
        return run, [counts + merged.get(n, Counter()) for n, counts in enumerate(known, 1)]

    def rows(self, what: str = "external_id, version, snr_g, valid_to_run_id IS NULL") -> list[Any]:
        """Return all versions in order."""
        query = f"SELECT {what} FROM ledger.survey_visit ORDER BY external_id, version"
        return [tuple(row) for row in self.connection.execute(text(query))]

    def refused(self) -> list[Any]:
        """Return what was refused, in order."""
        query = "SELECT path, row_number, reason FROM ledger.rejected_row ORDER BY 1, 2"
        return [tuple(row) for row in self.connection.execute(text(query))]


@pytest.fixture
def kept(ledger: Database) -> Iterator[Ledger]:
    with ledger.engine().begin() as connection:
        yield Ledger(connection)


def counted(**counts: int) -> Counter[str]:
    return Counter({f"n_{name}": number for name, number in counts.items()})


def test_the_first_load_inserts_all(kept: Ledger) -> None:
    _, (counts,) = kept.load(MemoryTable(visits(10)))
    assert counts == counted(read=10, inserted=10)
    assert len(kept.rows()) == 10


def test_the_same_again_changes_nothing(kept: Ledger) -> None:
    kept.load(MemoryTable(visits(10)))
    before = kept.rows("*")
    _, (counts,) = kept.load(MemoryTable(visits(10)))
    assert counts == counted(read=10, unchanged=10)
    assert kept.rows("*") == before


def test_a_changed_row_gets_a_version_and_the_old_one_stays(kept: Ledger) -> None:
    first, _ = kept.load(MemoryTable(visits(3)))
    second, (counts,) = kept.load(MemoryTable(visits(4, snrg=["10", "99", "", "1"])))
    assert counts == counted(read=4, inserted=1, new_version=2, unchanged=1)
    assert kept.rows() == [
        ("1000", 1, 10.0, True),
        ("1001", 1, 11.0, False),
        ("1001", 2, 99.0, True),
        ("1002", 1, 12.0, False),
        ("1002", 2, None, True),
        ("1003", 1, 1.0, True),
    ]
    runs = kept.rows("valid_from_run_id, valid_to_run_id")
    assert runs[1:3] == [(first, second), (second, None)]


def test_labels_count_as_content(kept: Ledger) -> None:
    kept.load(MemoryTable(visits(2, teff=["5000", "6000"])))
    _, (counts,) = kept.load(MemoryTable(visits(2, teff=["5000", "6001"])))
    assert counts == counted(read=2, new_version=1, unchanged=1)


@pytest.mark.parametrize("again", [False, True], ids=["first load", "later load"])
def test_repeated_identifiers_are_counted_or_refused(kept: Ledger, again: bool) -> None:
    if again:
        kept.load(MemoryTable(visits(1)))
    columns = {
        name: [*values, *values[1:3]] for name, values in visits(3).items()
    }  # rows 4 and 5 repeat rows 2 and 3
    columns["snrg"][4] = "77"
    _, (counts,) = kept.load(MemoryTable(columns))
    new = 2 if again else 3
    assert counts == counted(read=5, inserted=new, unchanged=5 - new - 1, rejected=1)
    assert kept.refused() == [
        ("table1", 5, "the identifier stands in an earlier row, with other values")
    ]
    assert kept.rows()[2] == ("1002", 1, 12.0, True)


@pytest.mark.parametrize("again", [False, True], ids=["first load", "later load"])
def test_files_that_contradict_each_other(kept: Ledger, again: bool) -> None:
    if again:
        kept.load(MemoryTable(visits(3, snrg=["1", "2", "3"])))
    one, two = MemoryTable(visits(3)), MemoryTable(visits(3, snrg=["10", "50", "12"]))
    _, counts = kept.load(one, two)
    first = counted(read=3, new_version=3) if again else counted(read=3, inserted=3)
    assert counts == [first, counted(read=3, unchanged=2, rejected=1)]
    assert kept.refused()[0][:2] == ("table2", 2)


def test_many_repeats_leave_by_and_by(kept: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "WAITING_AT_ONCE", 4)
    columns = {name: list(values) * 5 for name, values in visits(4).items()}
    _, (counts,) = kept.load(MemoryTable(columns, batch=3))
    assert counts == counted(read=20, inserted=4, unchanged=16)


@pytest.mark.parametrize("again", [False, True], ids=["first load", "later load"])
def test_nothing_of_a_damaged_file_is_kept(kept: Ledger, again: bool) -> None:
    if again:
        kept.load(MemoryTable(visits(2)))
    before = kept.rows("*")
    with pytest.raises(UnreadableTable):
        kept.load(MemoryTable(visits(9), cut_after=2, refused=[Refusal(1, "broken")]))
    assert kept.rows("*") == before
    assert kept.refused() == []


def test_what_a_complete_catalog_lacks_is_gone_and_may_come_back(kept: Ledger) -> None:
    kept.load(MemoryTable(visits(3)))
    kept.load(MemoryTable(visits(2)), complete=True)
    assert kept.gone == 1
    assert [row[3] for row in kept.rows()] == [True, True, False]
    _, (counts,) = kept.load(MemoryTable(visits(3)))
    assert counts == counted(read=3, new_version=1, unchanged=2)
    assert kept.rows()[-1] == ("1002", 2, 12.0, True)


def test_a_refused_row_is_not_gone(kept: Ledger) -> None:
    kept.load(MemoryTable(visits(2)))
    _, (counts,) = kept.load(MemoryTable(visits(2, ra=["0.5", "999"])), complete=True)
    assert counts == counted(read=2, unchanged=1, rejected=1)
    assert kept.gone == 0
