from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from starledger.ingest.remote.download import download, finished_files
from starledger.ingest.remote.faults import (
    AnotherDownload,
    AnswerIncomplete,
    RemoteError,
    ServiceFailed,
)
from starledger.ingest.remote.manner import Manner, Mode
from starledger.ingest.remote.patience import Patience
from starledger.ingest.remote.request import Request, wanted_of
from starledger.ingest.remote.selections import Ids, Positions
from starledger.schema.embedded.locks import alone
from starledger.schema.errors import FolderLocked
from tests.ingest.remote.conftest import (
    CLUSTER,
    N_STARS,
    Fetch,
    Sky,
    contents,
    gaia,
    rows_of,
)
from tests.ingest.remote.tap_server import PAGE, Fault, Service

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("binary", [False, True])
def test_a_whole_table_comes_with_every_id_and_null(
    tap: Service, sky: Sky, fetch: Fetch, mode: Mode, binary: bool
) -> None:
    tap.binary = binary
    done = fetch(gaia(tap), mode=mode)
    rows = rows_of(done)
    assert any(int(float(i)) != i for i in sky.ids.tolist())
    assert rows["source_id"].type == pa.int64()
    assert sorted(rows["source_id"].to_pylist()) == sorted(sky.ids.tolist())
    assert rows["radial_velocity"].null_count == N_STARS // 3
    at = {i: n for n, i in enumerate(sky.ids.tolist())}
    order = [at[i] for i in rows["source_id"].to_pylist()]
    np.testing.assert_array_equal(rows["ra"].to_numpy(), sky.ra[order])
    assert tap.jobs == {}


def test_files_know_their_units(tap: Service, fetch: Fetch) -> None:
    schema = pq.read_schema(fetch(gaia(tap)).files[0])
    assert schema.field("pmra").metadata == {b"unit": b"mas / yr", b"description": b"what it is"}
    assert schema.field("source_id").type == pa.int64()


def test_the_manifest_tells_what_was_asked(tap: Service, fetch: Fetch) -> None:
    done = fetch(gaia(tap))
    told = json.loads((done.folder / "manifest.json").read_text())
    assert told["asked"]["release"] == "gaia/dr3/v1:gaia_source"
    assert told["query"].startswith("SELECT t.source_id, t.ref_epoch,")
    assert told["counted"]["n_rows"] == done.rows == N_STARS
    assert sum(piece["rows"] for piece in told["pieces"].values()) == N_STARS
    assert finished_files(done.folder) == list(done.files)


def test_a_cone_has_what_is_in_it(tap: Service, sky: Sky, fetch: Fetch) -> None:
    done = fetch(gaia(tap, ra=CLUSTER[0], dec=CLUSTER[1], radius=1.0, chunk_rows=30))
    cos = np.cos(np.radians(CLUSTER[1])) * np.cos(np.radians(sky.dec))
    haversine = np.sin(np.radians(sky.dec - CLUSTER[1]) / 2) ** 2
    haversine += cos * np.sin(np.radians(sky.ra - CLUSTER[0]) / 2) ** 2
    inside = haversine <= np.sin(np.radians(0.5)) ** 2
    assert 50 < inside.sum() < N_STARS
    assert sorted(rows_of(done)["source_id"].to_pylist()) == sorted(sky.ids[inside].tolist())
    assert len(done.files) >= 3


def test_nothing_in_a_cone_is_no_error(tap: Service, fetch: Fetch) -> None:
    done = fetch(gaia(tap, ra=1.0, dec=89.9, radius=0.001))
    assert (done.rows, done.files) == (0, ())
    assert finished_files(done.folder) == []


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("upload_rows", [0, 70])
def test_ids_are_asked_for_in_the_query_or_by_a_table(
    tap: Service, sky: Sky, fetch: Fetch, upload_rows: int, mode: Mode
) -> None:
    ids = np.concatenate([sky.ids[::3], sky.ids[::6], [2**62]])
    wanted = gaia(tap, upload_rows=upload_rows, chunk_rows=60)
    done = fetch(replace(wanted, selection=Ids("source_id", ids)), mode=mode)
    assert sorted(rows_of(done)["source_id"].to_pylist()) == sorted(sky.ids[::3].tolist())
    assert len(done.files) == 4
    assert all(("TAP_UPLOAD" in query) == bool(upload_rows) for query in tap.queries)


@pytest.mark.parametrize("upload_rows", [0, 50])
def test_a_star_near_several_positions_comes_once(
    tap: Service, sky: Sky, fetch: Fetch, upload_rows: int
) -> None:
    ra, dec = np.repeat(sky.ra[::2], 3), np.repeat(sky.dec[::2], 3)
    dec = np.clip(dec + np.tile([0.0, 3e-4, -3e-4], len(dec) // 3), -90, 90)
    near = Positions(ra, dec, 1.0 / 3600 * 2)
    wanted = replace(gaia(tap, upload_rows=upload_rows, chunk_rows=80), selection=near)
    found = rows_of(fetch(wanted))["source_id"].to_pylist()
    assert len(found) == len(set(found))
    assert set(sky.ids[::2].tolist()) <= set(found)
    assert len(tap.queries) > 3


def test_both_neighbours_of_a_star_come(tap: Service, sky: Sky, fetch: Fetch) -> None:
    wanted = gaia(tap, table="gaiadr3.dr2_neighbourhood", chunk_rows=500)
    done = fetch(replace(wanted, selection=Ids("dr3_source_id", sky.ids[:40])))
    rows = rows_of(done)
    assert done.rows == 80
    assert rows["proper_motion_propagation"].to_pylist().count(True) == 40
    assert rows["magnitude_difference"].null_count == 80


def test_a_table_of_vizier_with_odd_names(tap: Service, fetch: Fetch) -> None:
    request = Request(
        service="vizier", survey="value_added", release="stars2020", url=tap.url,
        table="V/999/stars", columns=('"RAJ2000"', '"DEJ2000"', "[Fe/H]", '"SpType"', '"Nobs"'),
        ra_column='"RAJ2000"', dec_column='"DEJ2000"', chunk_rows=150,
    )  # fmt: skip
    rows = rows_of(fetch(wanted_of(request)))
    assert rows.column_names == ["recno", "RAJ2000", "DEJ2000", "[Fe/H]", "SpType", "Nobs"]
    assert rows["recno"].to_pylist() == list(range(1, N_STARS + 1))
    assert set(rows["SpType"].to_pylist()) == {None, "G2 <V> & more"}
    assert rows["Nobs"].type == pa.int16()


@pytest.mark.parametrize("parallel", [1, 3])
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_cut_answers_are_asked_for_in_halves(
    tap: Service, sky: Sky, fetch: Fetch, mode: Mode, parallel: int
) -> None:
    whole = contents(fetch(gaia(tap, chunk_rows=1000), "whole").folder)
    tap.hard_limit = 40
    done = fetch(gaia(tap), mode=mode, parallel=parallel)
    assert sorted(rows_of(done)["source_id"].to_pylist()) == sorted(sky.ids.tolist())
    assert len(whole) == 1
    assert any(file.stem.count("-") > 1 for file in done.files)
    assert tap.most_at_once <= parallel
    assert tap.jobs == {}


def test_a_star_that_alone_overflows_is_an_error(tap: Service, fetch: Fetch, sky: Sky) -> None:
    tap.hard_limit = 1
    wanted = gaia(tap, table="gaiadr3.dr2_neighbourhood")
    with pytest.raises(AnswerIncomplete, match="cannot be cut in two"):
        fetch(replace(wanted, selection=Ids("dr3_source_id", sky.ids[:1])))


def test_rows_left_out_in_silence_are_noticed(tap: Service, fetch: Fetch) -> None:
    fetch(gaia(tap), "whole")
    first = next(query for query in tap.queries if "BETWEEN" in query)
    tap.faults = [Fault("sync", max_rows=10**6), Fault("sync", max_rows=7, flagged=False)]
    with pytest.raises(AnswerIncomplete, match=r"counted 600 rows .* and gave \d+\."):
        fetch(gaia(tap))
    assert first in tap.queries
    assert not tap.faults
    assert fetch(gaia(tap), refresh=True).rows == N_STARS


def test_known_limits_are_kept_even_if_the_service_is_silent(
    tap: Service, sky: Sky, fetch: Fetch
) -> None:
    tap.hard_limit, tap.flagging = 50, False
    wanted = replace(gaia(tap, upload_rows=100), sync_rows=50)
    done = fetch(replace(wanted, selection=Ids("source_id", sky.ids)))
    assert sorted(rows_of(done)["source_id"].to_pylist()) == sorted(sky.ids.tolist())


def test_after_the_last_try_it_says_how_to_go_on(tap: Service, fetch: Fetch) -> None:
    tap.faults = [Fault("sync", max_rows=10**6)] * 3 + [Fault("sync", body=PAGE)] * 4
    with pytest.raises(ServiceFailed, match=r"Back at noon.*try 4 of 4.*run the same command") as e:
        fetch(gaia(tap))
    assert e.value.exit_code == 1
    asked = len(tap.queries)
    done = fetch(gaia(tap))
    assert (done.rows, done.kept) == (N_STARS, 2)
    assert len(tap.queries) - asked == done.fetched


def test_a_missing_column_is_named(tap: Service, fetch: Fetch) -> None:
    tap.faults = [Fault("sync", max_rows=10**6), Fault("sync", renamed={"ra": "alpha"})]
    with pytest.raises(RemoteError, match="lacks the column ra; it has source_id"):
        fetch(gaia(tap))


def stopping_after(pieces: int) -> Callable[[int], AbstractContextManager[Callable[[int], None]]]:
    """Return a watch that interrupts, as Ctrl-C does, after some pieces."""
    left = [pieces]

    def advance(_more: int) -> None:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    return lambda _: nullcontext(advance)


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("parallel", [1, 2])
@pytest.mark.parametrize("pieces", [1, 3])
def test_an_interrupted_download_goes_on(
    tap: Service,
    fetch: Fetch,
    patience: Patience,
    tmp_path: Path,
    pieces: int,
    parallel: int,
    mode: Mode,
) -> None:
    undisturbed = fetch(gaia(tap), "undisturbed")
    manner = Manner(mode, patience, parallel)
    with pytest.raises(KeyboardInterrupt):
        download(gaia(tap), tmp_path / "stars", manner, tell=print, watch=stopping_after(pieces))
    assert tap.jobs == {}
    with pytest.raises(AnswerIncomplete):
        finished_files(tmp_path / "stars")
    asked = len(tap.queries)
    done = fetch(gaia(tap), mode=mode)
    assert done.kept >= pieces
    assert len(tap.queries) - asked == done.fetched
    assert contents(done.folder) == contents(undisturbed.folder)


def test_halves_are_remembered(
    tap: Service, fetch: Fetch, patience: Patience, tmp_path: Path
) -> None:
    tap.hard_limit = 60
    with pytest.raises(KeyboardInterrupt):
        download(
            gaia(tap), tmp_path / "stars", Manner("sync", patience), tell=print,
            watch=stopping_after(5),
        )  # fmt: skip
    fetch(gaia(tap))
    assert len(tap.queries) == len(set(tap.queries))


def test_a_finished_download_asks_for_nothing(tap: Service, fetch: Fetch) -> None:
    first = fetch(gaia(tap))
    tap.requests.clear()
    again = fetch(gaia(tap))
    assert (again.files, again.fetched, again.kept) == (first.files, 0, len(first.files))
    assert tap.requests == []


def test_a_damaged_file_is_fetched_again(tap: Service, fetch: Fetch) -> None:
    first = fetch(gaia(tap))
    before = contents(first.folder)
    first.files[1].write_bytes(before[first.files[1].name][:-1])
    first.files[2].unlink()
    with pytest.raises(AnswerIncomplete, match=first.files[1].name):
        finished_files(first.folder)
    assert fetch(gaia(tap)).fetched == 2
    assert contents(first.folder) == before


def test_refresh_fetches_all_again(tap: Service, fetch: Fetch) -> None:
    first = fetch(gaia(tap))
    assert fetch(gaia(tap), refresh=True).fetched == len(first.files)


def test_another_download_is_not_mixed_in(tap: Service, fetch: Fetch) -> None:
    fetch(gaia(tap))
    with pytest.raises(AnotherDownload, match="with other where"):
        fetch(gaia(tap, where="ra < 10"))


def test_a_damaged_manifest_is_told(tap: Service, fetch: Fetch) -> None:
    done = fetch(gaia(tap))
    (done.folder / "manifest.json").write_text("{")
    with pytest.raises(AnotherDownload, match=r"manifest\.json cannot be read"):
        fetch(gaia(tap))
    assert fetch(gaia(tap), refresh=True).rows == N_STARS


def test_two_downloads_do_not_share_a_folder(tap: Service, fetch: Fetch, tmp_path: Path) -> None:
    (tmp_path / "stars").mkdir()
    with alone(tmp_path / "stars" / ".lock", patience_s=0), pytest.raises(FolderLocked):
        fetch(gaia(tap))


def test_no_more_than_asked_at_once(tap: Service, fetch: Fetch) -> None:
    fetch(gaia(tap, chunk_rows=10), "one")
    assert tap.most_at_once == 1
    fetch(gaia(tap, chunk_rows=10), "three", parallel=3)
    assert tap.most_at_once <= 3
