from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from starledger.ingest import runs
from starledger.ingest.catalogs import ingesting
from starledger.ingest.catalogs.choosing import NoSuchLayout
from starledger.ingest.catalogs.files.table import UnreadableTable
from starledger.ingest.catalogs.ingesting import CatalogSummary, ingest_catalog
from starledger.ingest.surveys import Release, ensure_data_release
from starledger.schema.database import Database
from tests.conftest import Command, address
from tests.ingest.catalogs.memory_table import LAYOUT, visits

pytestmark = pytest.mark.integration

CONTENT = """
SELECT external_id, version, ra, dec, snr_g, labels, r.n FROM ledger.survey_visit v
JOIN (SELECT run_id, row_number() OVER (ORDER BY run_id) AS n FROM ledger.ingest_run) r
ON r.run_id = v.valid_from_run_id ORDER BY 1, 2
"""


def write(path: Path, columns: dict[str, Sequence[Any]], cut: int | None = None) -> Path:
    """Write columns as CSV, or their first bytes."""
    rows = zip(*columns.values(), strict=True)
    text_ = "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n"
    path.write_bytes(text_.encode()[:cut])
    return path


def ingest(ledger: Database, *paths: Path, **more: Any) -> CatalogSummary:
    """Ingest files by the layout of these tests."""
    (summary,) = ingest_catalog(ledger, "lamost", "dr5", paths, layouts=[LAYOUT], **more)
    return summary


def told(summary: CatalogSummary) -> tuple[int, int, int, int, int]:
    return (
        summary.n_read,
        summary.n_inserted,
        summary.n_new_version,
        summary.n_unchanged,
        summary.n_rejected,
    )


def content(ledger: Database) -> list[tuple[Any, ...]]:
    with ledger.engine().connect() as connection:
        return [tuple(row) for row in connection.execute(text(CONTENT))]


def test_exactly_the_changed_rows_get_a_version_and_the_old_ones_can_be_seen(
    ledger: Database, tmp_path: Path, starledger: Command
) -> None:
    rows = visits(1000, teff=["5800"] * 1000, teff_err=["50"] * 1000)
    path = write(tmp_path / "a.csv", rows)
    first = ingest(ledger, path)
    rows["snrg"] = [f"{float(v) + 0.5}" if n % 100 == 7 else v for n, v in enumerate(rows["snrg"])]
    second = ingest(ledger, write(path, rows))
    assert told(first) == (1000, 1000, 0, 0, 0)
    assert told(second) == (1000, 0, 10, 990, 0)
    changed = {row[0] for row in content(ledger) if row[1] == 2}
    assert changed == {str(1000 + n) for n in range(7, 1000, 100)}
    show = ["--database", address(ledger), "ingest", "show", "lamost/dr5:general", "1107", "--json"]
    now = json.loads(starledger(*show).out)
    then = json.loads(starledger(*show, "--as-of", str(first.run_id)).out)
    assert (now["snr_g"], now["version"]) == (117.5, 2)
    assert (then["snr_g"], then["version"]) == (117.0, 1)
    assert (then["teff"], then["err_teff"]) == (5800.0, 50.0)
    plain = starledger(*show[:-1])
    assert "dimensionless" in plain.out
    missing = starledger(*show[:-2], "7", "--as-of", "1")
    assert missing.code == 2
    assert "says nothing of '7' as of run 1" in missing.err


def test_the_very_same_files_are_not_read_again(
    ledger: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = visits(20, ra=["999", *["1.5"] * 19])
    paths = [write(tmp_path / "a.csv", rows), write(tmp_path / "b.csv", visits(3, obsid="789"))]
    first = ingest(ledger, *paths)
    before = content(ledger)
    monkeypatch.setattr(ingesting, "Loader", None)  # nobody may ask for it
    second = ingest(ledger, *reversed(paths))
    assert told(first) == (23, 22, 0, 0, 1)
    assert told(second) == (23, 0, 0, 22, 1)
    assert second.same_as_run == first.run_id
    assert content(ledger) == before
    with ledger.engine().connect() as connection:
        refused = connection.execute(
            text("SELECT run_id, row_number, reason FROM ledger.rejected_row ORDER BY 1")
        ).all()
    assert [row.run_id for row in refused] == [first.run_id, second.run_id]
    assert refused[0][1:] == refused[1][1:] == (1, "ra is not within 0 to 360")


def test_files_read_before_but_not_last_are_read_again(ledger: Database, tmp_path: Path) -> None:
    old = write(tmp_path / "a.csv", visits(3))
    new = write(tmp_path / "b.csv", visits(3, snrg=["1", "2", "3"]))
    for path in (old, new, old):
        last = ingest(ledger, path)
    assert told(last) == (3, 0, 3, 0, 0)
    assert last.same_as_run is None


@pytest.mark.parametrize("rows", [3, 200_000], ids=["at once", "far behind its beginning"])
def test_a_damaged_file_is_rejected_and_the_others_come_in(
    ledger: Database, tmp_path: Path, rows: int
) -> None:
    good, bad = write(tmp_path / "a.csv", visits(3)), tmp_path / "b.csv.gz"
    many = visits(rows, obsid=[str(70_000 + n) for n in range(rows)])
    bad.write_bytes(gzip.compress(write(tmp_path / "b.csv", many).read_bytes())[:-20])
    for again in (False, True):
        summary = ingest(ledger, bad, good)
        assert told(summary) == ((4, 0, 0, 3, 1) if again else (4, 3, 0, 0, 1))
        assert (summary.same_as_run is not None) is again
    assert [row[0] for row in content(ledger)] == ["1000", "1001", "1002"]
    with ledger.engine().connect() as connection:
        refused = connection.execute(
            text("SELECT path, row_number, reason FROM ledger.rejected_row")
        ).all()
    assert [(row.path, row.row_number) for row in refused] == [(str(bad), None)] * 2
    assert "cut off" in refused[0].reason


def test_where_no_file_can_be_read_nothing_is_done(ledger: Database, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"")
    with pytest.raises(UnreadableTable, match="is empty"):
        ingest(ledger, tmp_path / "a.csv")
    with ledger.engine().connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM ledger.run")) == 0


def test_a_file_of_no_layout_stops_all_before_anything_is_done(
    ledger: Database, tmp_path: Path
) -> None:
    good = write(tmp_path / "a.csv", visits(3))
    bad = write(tmp_path / "b.csv", {"obsid": "1", "snrg": "2"})
    with pytest.raises(NoSuchLayout, match=r"b\.csv is of no layout .* lacks the columns ra, dec"):
        ingest(ledger, good, bad)
    with ledger.engine().connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM ledger.run")) == 0


def test_labels_keep_their_places_when_others_come_later(ledger: Database, tmp_path: Path) -> None:
    ingest(ledger, write(tmp_path / "a.csv", visits(1, feh=["0.5"])))
    ingest(ledger, write(tmp_path / "b.csv", visits(1, obsid=["7"], teff=["5800"], feh=["0.25"])))
    assert {row[0]: row[5] for row in content(ledger)} == {
        "1000": [0.5],
        "7": [0.25, 5800.0],
    }


def test_two_at_once_are_kept_apart(
    ledger: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_PATIENCE", "1ms")
    release = Release.parse("lamost", "dr5", "general")
    with ledger.engine().begin() as connection:
        release_id = ensure_data_release(connection, release)
    with runs.session(ledger.engine()) as connection:
        runs.hold(connection, release_id, release)
        with pytest.raises(runs.IngestUnderWay, match="is ingesting lamost/dr5/v1:general"):
            ingest(ledger, write(tmp_path / "a.csv", visits(3)))


KILLED = """
import sys
from pathlib import Path
from starledger.ingest.catalogs import loading
from starledger.ingest.catalogs.ingesting import ingest_catalog
from starledger.schema.database import open_database
from starledger.schema.settings import load_settings
from tests.ingest.catalogs.memory_table import LAYOUT

moment, path, url = sys.argv[1:]
def stop(*args, **kwargs):
    print("here", flush=True)
    sys.stdin.read()
if moment == "attached":
    whole = loading.attach_partition
    loading.attach_partition = lambda *a: (whole(*a), stop())
elif moment == "merging":
    loading.Merging.merge = stop
else:
    whole = loading.copy_rows
    loading.copy_rows = lambda *a: (stop(), whole(*a))
with open_database(load_settings({"database_url": url}, {}).settings) as database:
    ingest_catalog(database, "lamost", "dr5", [Path(path)], layouts=[LAYOUT])
"""


@pytest.mark.parametrize(
    ("moment", "later"),
    [
        ("copying", False),
        ("merging", False),
        ("attached", False),
        ("copying", True),
        ("merging", True),
    ],
)
def test_killed_and_run_again_is_as_never_killed(
    ledger: Database, tmp_path: Path, moment: str, later: bool
) -> None:
    rows = visits(50)
    path = write(tmp_path / "a.csv", rows)
    if later:
        ingest(ledger, path)
        write(path, rows | {"snrg": [f"{n}.5" for n in range(50)]})
    before = content(ledger)
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, moment, str(path), address(ledger)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        process.send_signal(signal.SIGKILL)
    assert content(ledger) == before
    told_after = told(ingest(ledger, path))
    assert told_after == ((50, 0, 50, 0, 0) if later else (50, 50, 0, 0, 0))
    with ledger.engine().connect() as connection:
        # The run that was killed is the one that was gone on with.
        runs = connection.scalar(text("SELECT count(*) FROM ledger.run"))
    assert runs == (2 if later else 1)
