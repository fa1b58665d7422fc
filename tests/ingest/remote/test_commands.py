from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from starledger.ingest.remote.commands import remote
from starledger.ingest.remote.download import finished_files
from starledger.ingest.remote.faults import RemoteError
from starledger.ingest.remote.patience import Waiting
from starledger.schema.settings import load_settings
from tests.ingest.remote.conftest import N_STARS, Sky
from tests.ingest.remote.tap_server import Fault, Service

pytestmark = pytest.mark.integration

ALONE = """
from starledger.ingest.remote.commands import remote
from starledger.ingest.remote.patience import Waiting
from starledger.schema.settings import load_settings
remote(obj=load_settings())
"""


def run(tap: Service, *arguments: str) -> Result:
    given = [*arguments, "--url", tap.url, "--sync"]
    return CliRunner().invoke(remote, given, obj=load_settings(), catch_exceptions=False)


def test_it_tells_where_the_files_are(tap: Service, home: Path) -> None:
    done = run(tap, "gaia", "gaia", "dr3", "--chunk-rows", "200", "--json")
    answer = json.loads(done.stdout)
    folder = home / "remote" / "gaia" / "dr3" / "v1" / "gaia_source"
    assert (answer["rows"], answer["folder"]) == (N_STARS, str(folder))
    assert [str(file) for file in finished_files(folder)] == answer["files"]
    assert answer["release"] == "gaia/dr3/v1:gaia_source"
    assert f"gaiadr3.gaia_source: {N_STARS} of {N_STARS}" in done.stderr


def test_it_fetches_by_a_list_of_ids(tap: Service, sky: Sky, tmp_path: Path) -> None:
    (tmp_path / "ids").write_text("\n".join(map(str, sky.ids[:50])))
    run(tap, "gaia", "gaia", "dr3", "--ids", f"{tmp_path}/ids", "--to", f"{tmp_path}/to")
    (file,) = finished_files(tmp_path / "to")
    assert pq.read_table(file)["source_id"].to_pylist() == sorted(sky.ids[:50].tolist())


def test_it_fetches_by_a_list_of_positions(tap: Service, sky: Sky, tmp_path: Path) -> None:
    lines = [
        f"{ra!r},{dec!r}"
        for ra, dec in zip(sky.ra[:50].tolist(), sky.dec[:50].tolist(), strict=True)
    ]
    (tmp_path / "places").write_text("\n".join(["ra,dec", *lines]))
    arguments = ["--positions", f"{tmp_path}/places", "--within", "0.5", "--columns", "ra,dec"]
    run(tap, "gaia", "gaia", "dr3", *arguments, "--to", f"{tmp_path}/to")
    (file,) = finished_files(tmp_path / "to")
    table = pq.read_table(file)
    assert table.column_names == ["source_id", "ra", "dec"]
    assert table["source_id"].to_pylist() == sorted(sky.ids[:50].tolist())


def test_names_of_columns_may_hold_commas(tap: Service, tmp_path: Path) -> None:
    with pytest.raises(RemoteError, match=r'"a,b"'):
        run(tap, "vizier", "value_added", "x", "--table", "V/999/stars", "--columns", '"a,b",recno',
            "--to", f"{tmp_path}/to")  # fmt: skip
    assert 't."a,b", t.recno' in tap.queries[-1]


def test_it_reports_faults_while_it_goes_on(tap: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Waiting, "pause", lambda _self, _seconds: None)
    tap.faults = [Fault("sync", status=503, body=b"<p>So busy", headers={"Retry-After": "0"})]
    done = run(tap, "gaia", "gaia", "dr3", "--tries", "2")
    assert "503 Service Unavailable: So busy Try 2 of 2 in " in done.stderr


def test_a_killed_download_goes_on(tap: Service, tmp_path: Path) -> None:
    arguments = ["gaia", "gaia", "dr3", "--chunk-rows", "100", "--url", tap.url, "--sync"]
    run(tap, *arguments[:5], "--to", f"{tmp_path}/undisturbed")
    tap.queries.clear()
    whole = [Fault("sync", max_rows=10**6)] * 4
    tap.faults = [*whole, Fault("sync", silent=True)]
    command = [sys.executable, "-c", ALONE, *arguments, "--to", f"{tmp_path}/killed"]
    with subprocess.Popen(command) as process:
        assert tap.stalled.wait(60)
        process.kill()
    assert len(json.loads((tmp_path / "killed" / "manifest.json").read_text())["pieces"]) == 3
    again = run(tap, *arguments[:5], "--to", f"{tmp_path}/killed", "--json")
    assert json.loads(again.stdout)["kept"] == 3
    for file in finished_files(tmp_path / "undisturbed"):
        assert file.read_bytes() == (tmp_path / "killed" / file.name).read_bytes()
