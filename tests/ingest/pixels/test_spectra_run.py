from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select

from starledger.ingest.pixels import chunks as chunks_module
from starledger.ingest.pixels.sources import UnusableSources
from starledger.ingest.pixels.spectra_run import ingest_spectra
from starledger.ingest.runs import IngestUnderWay
from starledger.ingest.surveys import UnknownDataRelease
from starledger.schema.tables import ClosedRun, Run, Shard, Spectrum
from tests.ingest.pixels.content import content, shard_files
from tests.ingest.pixels.desk import Desk, counts, touch
from tests.ingest.pixels.made_up import made_up, read_made_up, write_file

pytestmark = pytest.mark.integration


def test_all_comes_in_with_its_pixels(ten: Desk) -> None:
    done = ten.ingest()
    assert counts(done) == (10, 0, 0, 0, 0)
    assert (done.n_files, done.n_files_skipped, done.went_on) == (10, 0, False)
    for n in range(10):
        np.testing.assert_array_equal(ten.pixels(str(n)), made_up(seed=n).pixels.flux)
    files = shard_files(ten.root)
    assert len(files) == 3
    assert all(name.startswith("lamost/dr5/v1/lamost_lrs-visit-full-") for name in files)
    assert not list(ten.root.rglob(".unfinished*"))


def test_the_run_is_closed_with_its_counts(ten: Desk) -> None:
    done = ten.ingest()
    with ten.ledger.engine().connect() as connection:
        closed = connection.execute(select(ClosedRun.__table__)).one()
    assert closed.outcome == "done"
    assert closed.summary == asdict(done)


def test_a_second_time_nothing_changes(ten: Desk) -> None:
    ten.ingest()
    before, files = content(ten.ledger), shard_files(ten.root)
    done = ten.ingest()
    assert counts(done) == (0, 0, 0, 0, 0)
    assert (done.n_files, done.n_files_skipped, done.n_skipped) == (10, 10, 10)
    after = content(ten.ledger)
    for name in ("spectrum", "shard", "file", "rejected"):
        assert after[name] == before[name]
    assert shard_files(ten.root) == files


def test_a_touched_file_is_read_and_is_unchanged(ten: Desk) -> None:
    ten.ingest()
    files = shard_files(ten.root)
    touch(ten.files / "03.json")
    done = ten.ingest()
    assert counts(done) == (0, 0, 1, 0, 0)
    assert done.n_files_skipped == 9
    assert shard_files(ten.root) == files
    assert ten.ingest().n_files_skipped == 10


def test_a_changed_file_gets_a_new_version_and_the_old_is_kept(ten: Desk) -> None:
    first = ten.ingest()
    ten.write("03.json", {"external_id": "3", "seed": 33})
    done = ten.ingest()
    assert counts(done) == (0, 1, 0, 0, 0)
    then, now = ten.current(first.run_id), ten.current(done.run_id)
    assert {name for name in now if now[name] != then[name]} == {"3"}
    assert (then["3"][0], now["3"][0]) == (1, 2)
    np.testing.assert_array_equal(ten.pixels("3"), made_up(seed=3).pixels.flux)
    np.testing.assert_array_equal(ten.pixels("3", 2), made_up(seed=33).pixels.flux)


def test_changing_back_and_forth_makes_versions_of_their_own(ten: Desk) -> None:
    ten.ingest()
    for seed in (33, 3, 33, 3):
        ten.write("03.json", {"external_id": "3", "seed": seed})
        touch(ten.files / "03.json")
        assert counts(ten.ingest()) == (0, 1, 0, 0, 0)
    assert ten.current()["3"][0] == 5
    np.testing.assert_array_equal(ten.pixels("3", 4), made_up(seed=33).pixels.flux)


def test_only_what_changed_in_a_file_is_a_new_version(desk: Desk) -> None:
    desk.write("a", *({"external_id": str(n), "seed": n} for n in range(5)))
    desk.ingest()
    desk.write("a", *({"external_id": str(n), "seed": n + 9 * (n == 2)} for n in range(5)))
    assert counts(desk.ingest()) == (0, 1, 4, 0, 0)
    with desk.ledger.engine().connect() as connection:
        query = select(Shard.n_spectra).order_by(Shard.shard_id)
        assert connection.scalars(query).all() == [5, 1]


def test_what_a_file_no_longer_holds_is_closed(desk: Desk) -> None:
    desk.write("a", {"external_id": "1"}, {"external_id": "2"})
    first = desk.ingest()
    desk.write("a", {"external_id": "2"})
    done = desk.ingest()
    assert counts(done) == (0, 0, 1, 0, 1)
    assert set(desk.current()) == {"2"}
    assert set(desk.current(first.run_id)) == {"1", "2"}
    desk.write("a", {"external_id": "1"}, {"external_id": "2"})
    assert counts(desk.ingest()) == (0, 1, 1, 0, 0)
    assert desk.current()["1"] == (2, "a")


def test_a_damaged_file_keeps_what_it_held(desk: Desk) -> None:
    desk.write("a", {"external_id": "1"})
    desk.ingest()
    (desk.files / "a").write_text('[{"external')
    done = desk.ingest()
    assert counts(done) == (0, 0, 0, 1, 0)
    assert set(desk.current()) == {"1"}
    assert desk.ingest().n_files_skipped == 0


def test_damaged_foreign_and_missing_files_are_rejected_and_the_rest_comes_in(ten: Desk) -> None:
    (ten.files / "01.json").write_text('[{"external_id": "1"')
    (ten.files / "02.json").write_text('"mistake"')
    (ten.files / "03.json").unlink()
    (ten.files / "03.json").symlink_to("nowhere")
    os.mkfifo(ten.files / "pipe")
    done = ten.ingest()
    assert counts(done) == (7, 0, 0, 4, 0)
    assert (done.n_files, done.n_files_refused) == (11, 4)
    reasons = {path: (row, reason) for path, row, reason in ten.refusals(done.run_id)}
    assert reasons == {
        "01.json": (None, "01.json is cut off."),
        "02.json": (None, "a mistake of the reader: ZeroDivisionError: division by zero"),
        "03.json": (None, "cannot be read: No such file or directory"),
        "pipe": (None, "is no file"),
    }
    again = ten.ingest()
    assert (again.n_files_skipped, again.n_rejected) == (7, 4)


def test_a_file_that_may_not_be_read_is_rejected(
    ten: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def guarded(path: Any, *rest: Any, **more: Any) -> int:
        if str(path).endswith("05.json"):
            raise PermissionError(13, "Permission denied")
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "open", guarded)
    done = ten.ingest()
    assert counts(done) == (9, 0, 0, 1, 0)
    assert ten.refusals(done.run_id) == [("05.json", None, "cannot be read: Permission denied")]


def test_a_huge_file_is_not_read(ten: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks_module, "LARGEST_FILE", 100)
    (ten.files / "05.json").write_text("[" + " " * 200 + "]")
    done = ten.ingest()
    assert ten.refusals(done.run_id) == [("05.json", None, "is too large: 202 bytes")]


def test_a_list_and_files_may_be_named(ten: Desk, tmp_path: Path) -> None:
    (ten.files / "list").write_text("01.json\nmissing.json\n")
    done = ten.ingest(ten.files / "list")
    assert counts(done) == (1, 0, 0, 1, 0)
    assert ten.refusals(done.run_id) == [
        ("missing.json", None, "cannot be read: No such file or directory")
    ]
    (ten.files / "list").unlink()
    # A file of the folder has the same name as in the list, so that it is known.
    assert ten.ingest().n_files_skipped == 1


def test_a_name_with_odd_characters(desk: Desk) -> None:
    name = "a\tb\\n\nü {x}.json"
    desk.write(name, {"external_id": "1"})
    desk.ingest()
    assert desk.current() == {"1": (1, name)}
    assert desk.ingest().n_files_skipped == 1


def no_runs(desk: Desk) -> bool:
    with desk.ledger.engine().connect() as connection:
        return connection.scalars(select(Run.run_id)).all() == []


def test_an_empty_folder_is_refused(desk: Desk) -> None:
    desk.files.mkdir()
    with pytest.raises(UnusableSources, match="no files"):
        desk.ingest()
    assert no_runs(desk)


def test_a_file_named_twice_is_refused(ten: Desk, tmp_path: Path) -> None:
    other = write_file(tmp_path / "other" / "03.json", {"external_id": "3"}).parent
    with pytest.raises(UnusableSources, match=r"03\.json is named twice"):
        ten.ingest(ten.files, other)
    assert no_runs(ten)


@pytest.mark.parametrize("release", ["DR5", "dr5/", ""])
def test_an_unknown_data_release_is_refused(release: str, ten: Desk) -> None:
    with pytest.raises(UnknownDataRelease):
        ingest_spectra(ten.ledger, ten.root, "lamost", release, [ten.files], read=read_made_up)
    assert no_runs(ten)


def test_two_at_once_are_refused(ten: Desk) -> None:
    def meanwhile(_survey: str, name: str, contents: bytes) -> Any:
        if name == "00.json":
            with pytest.raises(IngestUnderWay, match="lamost/dr5/v1:spectra"):
                ten.ingest()
        return read_made_up(_survey, name, contents)

    assert counts(ten.ingest(read=meanwhile)) == (10, 0, 0, 0, 0)


def test_another_data_release_may_be_ingested_meanwhile(ten: Desk) -> None:
    def meanwhile(_survey: str, name: str, contents: bytes) -> Any:
        if name == "00.json":
            other = ingest_spectra(
                ten.ledger, ten.root, "lamost", "dr6", [ten.files], read=read_made_up
            )
            assert counts(other) == (10, 0, 0, 0, 0)
        return read_made_up(_survey, name, contents)

    assert counts(ten.ingest(read=meanwhile)) == (10, 0, 0, 0, 0)


def interrupting(name: str, with_what: BaseException) -> Callable[[str, str, bytes], Any]:
    """Return a reader that is interrupted at a file."""

    def read(survey: str, file: str, contents: bytes) -> Any:
        if file == name:
            raise with_what
        return read_made_up(survey, file, contents)

    return read


@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError])
def test_an_interrupted_run_is_gone_on_with(kind: type[BaseException], ten: Desk) -> None:
    with pytest.raises(kind):
        ten.ingest(read=interrupting("06.json", kind()))
    assert content(ten.ledger)["run"] == [(1, None, None)]
    assert len(ten.current()) == 4
    read: list[str] = []

    def noting(survey: str, file: str, contents: bytes) -> Any:
        read.append(file)
        return read_made_up(survey, file, contents)

    done = ten.ingest(read=noting)
    assert done.went_on
    assert counts(done) == (10, 0, 0, 0, 0)
    assert read == [f"{n:02}.json" for n in range(4, 10)]


def test_a_run_on_another_source_gives_the_interrupted_one_up(ten: Desk) -> None:
    with pytest.raises(KeyboardInterrupt):
        ten.ingest(read=interrupting("06.json", KeyboardInterrupt()))
    (ten.root.parent / "list").write_text(str(ten.files / "09.json"))
    done = ten.ingest(ten.root.parent / "list")
    assert (done.went_on, done.n_inserted) == (False, 1)
    assert [row[:2] for row in content(ten.ledger)["run"]] == [(1, "failed"), (2, "done")]
    # Named by its whole path in the list, the file is another one, with the same spectrum.
    assert counts(ten.ingest()) == (5, 0, 1, 0, 0)


def test_what_a_crash_before_the_commit_left_is_tidied(
    ten: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ten.root / "lamost" / "dr5" / "v1" / "of-another-ledger.safetensors"
    other.parent.mkdir(parents=True)
    other.touch()

    def crash(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("starledger.ingest.pixels.chunk_entry.Entry._insert_shard", crash)
        with pytest.raises(KeyboardInterrupt):
            ten.ingest()
    assert len(shard_files(ten.root)) == 3  # placed, but not in the ledger; its mark; another's
    for n in range(10):
        (ten.files / f"{n:02}.json").unlink()
    ten.write("x", {"external_id": "x"})
    ten.ingest()
    with ten.ledger.engine().connect() as connection:
        known = connection.scalars(select(Shard.path)).all()
    relative = str(other.relative_to(ten.root))
    assert sorted(shard_files(ten.root)) == sorted([*known, relative])
    assert len(known) == 1


def test_processes_do_not_change_what_comes_out(
    server: Any, upgraded: str, ten: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The processes that are started import what the tests define.
    monkeypatch.syspath_prepend(Path(__file__).parents[3])
    ten.write("dup", {"external_id": "3", "seed": 4})
    (ten.files / "bad").write_text("[")
    ten.ingest()
    with server.database(upgraded) as database:
        root = tmp_path / "other"
        ingest_spectra(
            database, root, "lamost", "dr5", [ten.files],
            read=read_made_up, size=lambda _: 4, processes=2,
        )  # fmt: skip
        assert content(database) == content(ten.ledger)
    assert shard_files(root) == shard_files(ten.root)


def test_files_are_packed_in_parts_that_fit_into_memory(
    ten: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks_module, "PACKED_AT_ONCE", 3 * 20 * 16)
    ten.ingest(size=lambda _: 10)
    with ten.ledger.engine().connect() as connection:
        query = select(Shard.n_spectra).order_by(Shard.shard_id)
        assert connection.scalars(query).all() == [3, 3, 3, 1]
        assert connection.scalar(select(func.count(Spectrum.spectrum_id))) == 10
    for n in range(10):
        np.testing.assert_array_equal(ten.pixels(str(n)), made_up(seed=n).pixels.flux)
