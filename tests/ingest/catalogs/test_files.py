"""Damaged files of every format, and the memory that reading takes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import Table
from numpy.typing import NDArray

from starledger.ingest.catalogs.files.table import UnreadableTable
from tests.ingest.catalogs.files.small_tables import FORMATS, Read, read, stars, write

FUZZED = int(os.environ.get("STARLEDGER_FUZZED_TABLES", "500"))
"""How many mutated files are read; ten thousand take some minutes."""
ROWS = 60


@pytest.fixture(scope="module", params=FORMATS)
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of every format in turn."""
    return write(stars(ROWS), tmp_path_factory.mktemp("whole") / f"stars.{request.param}")


def _read_or_refuse(path: Path) -> Read | None:
    try:
        return read(path)
    except UnreadableTable:
        return None


def test_a_file_cut_anywhere_is_refused_or_has_fewer_rows(whole: Path, tmp_path: Path) -> None:
    contents = whole.read_bytes()
    rng = np.random.default_rng(1)
    cut = tmp_path / whole.name
    ends = {0, 1, 2, len(contents) - 1, *rng.integers(0, len(contents), 60).tolist()}
    for end in sorted(ends):
        cut.write_bytes(contents[:end])
        found = _read_or_refuse(cut)
        if found is None:
            continue
        assert len(found.numbers) + len(found.refused) <= ROWS, end
        # Text alone can be read as far as it goes; filling may be missing behind all of FITS.
        assert whole.suffix in {".csv", ".txt", ".ecsv"} or end >= len(contents) - 2880, end
        if whole.suffix == ".fits":
            assert len(found.numbers) == ROWS


def _mutated(contents: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes of which some are others, missing, doubled or moved."""
    raw = bytearray(contents)
    for _ in range(rng.integers(1, 6)):
        at = int(rng.integers(0, len(raw)))
        size = int(rng.integers(1, 40))
        match rng.integers(0, 6):
            case 0:
                raw[at] = rng.integers(0, 256)
            case 1:
                raw[at] ^= 1 << rng.integers(0, 8)
            case 2:
                del raw[at : at + size]
            case 3:
                raw[at:at] = raw[at : at + size]
            case 4:
                raw[at : at + size] = rng.bytes(size)
            case 5:
                odd = [b"\0", b'"', b"\n", b"-1", b"9" * 12, b"\xff\xff\xff\xff", b"<", b"'"]
                raw[at : at + 1] = odd[rng.integers(0, len(odd))]
        raw = raw or bytearray(b" ")
    return bytes(raw)


@pytest.fixture
def _no_hang() -> Iterator[None]:
    """End a test that has come to stand still, with a trace that shows where."""

    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("_no_hang")
def test_mutated_files_are_read_or_refused(whole: Path, tmp_path: Path) -> None:
    contents = whole.read_bytes()
    path = tmp_path / whole.name
    for seed in range(-(-FUZZED // len(FORMATS))):
        path.write_bytes(_mutated(contents, np.random.default_rng([2, seed])))
        signal.alarm(60)
        try:
            _read_or_refuse(path)
        except Exception as error:
            error.add_note(f"{whole.name}, seed {seed}")
            raise


PEAK = """
import re, sys
from pathlib import Path
from starledger.ingest.catalogs.files.opening import open_table
rows = 0
with open_table(Path(sys.argv[1])) as table:
    for batch in table.batches(table.about.names):
        rows += batch.columns.num_rows
# Not getrusage, which remembers the memory of the program that started this one.
print(rows, re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def _large(path: Path, rows: int) -> Path:
    rng = np.random.default_rng(3)
    columns: dict[str, NDArray[Any]] = {f"c{n}": rng.normal(size=rows).round(4) for n in range(8)}
    columns["id"] = np.arange(rows) + (1 << 60)
    if path.suffix == ".parquet":
        pq.write_table(pa.table(columns), path, row_group_size=rows)
    elif path.suffix == ".fits":
        Table(columns).write(path)
    elif path.suffix == ".csv":
        np.savetxt(
            path, np.column_stack(list(columns.values())), "%.4f", ",", header=",".join(columns)
        )
    else:
        _large_votable(path, columns)
    return path


def _large_votable(path: Path, columns: dict[str, NDArray[Any]]) -> None:
    fields = "".join(f"<FIELD name='{name}' datatype='double'/>" for name in columns)
    with path.open("w") as file:
        file.write(f"<VOTABLE><RESOURCE><TABLE>{fields}<DATA><TABLEDATA>")
        for row in zip(*(values.tolist() for values in columns.values()), strict=True):
            file.write("<TR><TD>" + "</TD><TD>".join(map(str, row)) + "</TD></TR>\n")
        file.write("</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells memory on Linux alone")
@pytest.mark.parametrize("ending", ["csv", "fits", "parquet", "vot"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, ending: str) -> None:
    peaks = []
    for rows in (100_000, 1_000_000):
        path = _large(tmp_path / f"stars{rows}.{ending}", rows)
        command = [sys.executable, "-c", PEAK, str(path)]
        said = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
        assert int(said[0]) == rows
        peaks.append(int(said[1]) / 1024)
    print(f"{ending}: {peaks[0]:.0f} and {peaks[1]:.0f} MiB")  # noqa: T201
    assert peaks[1] < peaks[0] + 60.0
