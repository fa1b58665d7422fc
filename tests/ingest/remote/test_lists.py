from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert

from starledger.ingest.remote.faults import RemoteError
from starledger.ingest.remote.lists import (
    ids_of_file,
    ids_of_ledger,
    positions_of_file,
    positions_of_ledger,
)
from starledger.ingest.surveys import Release, ensure_data_release
from starledger.schema.database import Database
from starledger.schema.partitions import ensure_partition
from starledger.schema.runs import running
from starledger.schema.tables import ReferenceStar, RunKind

IN_TMP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@IN_TMP
@given(st.lists(st.integers(0, 2**63 - 1), min_size=1))
def test_ids_come_as_they_were_written(tmp_path: Path, ids: list[int]) -> None:
    (tmp_path / "ids").write_text("\n\n".join(map(str, ids)))
    assert ids_of_file(tmp_path / "ids").tolist() == ids


@pytest.mark.parametrize("line", ["source_id", "1.5", "-1", str(2**63), "1e18", "٣"])
def test_what_is_no_id_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "ids").write_text(f"17\n{line}\n", encoding="utf-8")
    with pytest.raises(RemoteError, match=r"Line 2 of .* is no identifier"):
        ids_of_file(tmp_path / "ids")


@IN_TMP
@given(st.lists(st.tuples(st.floats(0, 359.99), st.floats(-90, 90)), min_size=1))
def test_positions_come_as_they_were_written(
    tmp_path: Path, places: list[tuple[float, float]]
) -> None:
    lines = [f"{dec!r},star,{ra!r}" for ra, dec in places]
    (tmp_path / "places").write_text("\n".join(["Dec,name,RA", *lines]))
    ra, dec = positions_of_file(tmp_path / "places")
    assert list(zip(ra, dec, strict=True)) == places


@pytest.mark.parametrize("line", ["361,0", "0,91", "0", "nan,0", "x,y"])
def test_what_is_no_position_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "places").write_text(f"ra,dec\n1,2\n{line}\n")
    with pytest.raises(RemoteError, match=r"Line 3 of .* is no position"):
        positions_of_file(tmp_path / "places")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"\n"])
def test_files_without_anything_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    for read in (ids_of_file, positions_of_file):
        with pytest.raises(RemoteError):
            read(tmp_path / "file")


@pytest.mark.integration
def test_ids_of_the_ledger_are_each_there_once(ledger: Database) -> None:
    big = 6917528997577384321
    _ingest(ledger.engine(), "one", {"a": (big, None), "b": (5, 50), "c": (None, 60)})
    _ingest(ledger.engine(), "other", {"a": (big, 70), "b": (9, None)})
    with ledger.engine().begin() as connection:
        assert ids_of_ledger(connection, "gaia_dr2_source_id").tolist() == [5, 9, big]
        assert ids_of_ledger(connection, "gaia_dr3_source_id").tolist() == [50, 60, 70]


@pytest.mark.integration
def test_a_ledger_without_ids_says_so(ledger: Database) -> None:
    with ledger.engine().begin() as connection, pytest.raises(RemoteError, match="supplies any"):
        ids_of_ledger(connection, "gaia_dr2_source_id")


@pytest.mark.integration
def test_a_ledger_without_positions_says_so(ledger: Database) -> None:
    with ledger.engine().begin() as connection, pytest.raises(RemoteError, match="No spectrum"):
        positions_of_ledger(connection)


def _ingest(engine: Engine, name: str, stars: dict[str, tuple[int | None, int | None]]) -> None:
    with engine.begin() as connection:
        release = ensure_data_release(connection, Release.parse("value_added", name, "stars"))
        ensure_partition(connection, "reference_star", release)
    about = {"data_release_id": release, "content": "catalog"}
    with running(engine, RunKind.INGEST, **about) as run, engine.begin() as connection:
        connection.execute(
            insert(ReferenceStar),
            [
                {
                    "data_release_id": release,
                    "external_id": star,
                    "valid_from_run_id": run.run_id,
                    "gaia_dr2_source_id": dr2,
                    "gaia_dr3_source_id": dr3,
                }
                for star, (dr2, dr3) in stars.items()
            ],
        )
