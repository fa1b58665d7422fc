"""Whoever is killed while writing leaves the old file or none, and the next one clears up."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from starledger.catalog.export.about import About
from starledger.catalog.export.arriving import arriving
from starledger.catalog.export.errors import ExportError
from starledger.catalog.export.formats import Format
from starledger.catalog.export.writing import write
from starledger.catalog.fields import Field

ENDLESS = """
import sys
from pathlib import Path
import pyarrow as pa
from starledger.catalog.export.about import About
from starledger.catalog.export.formats import Format
from starledger.catalog.export.writing import write
from starledger.catalog.fields import Field

def endless():
    number = 0
    while True:
        yield pa.record_batch({"n": pa.array(range(number, number + 10_000), pa.int64())})
        number += 10_000
        if number == 200_000:
            print("growing", flush=True)

fields = [Field("n", "bigint", "dimensionless", "meta.number", "a number")]
path = Path(sys.argv[1])
write(path, Format.of(path), fields, endless(), About("Endless", "numbers"))
"""

FIELDS = [Field("n", "bigint", "dimensionless", "meta.number", "a number")]


@pytest.mark.parametrize("format_", Format)
@pytest.mark.parametrize("old", [b"old", None])
def test_killed(format_: Format, old: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / f"numbers[1]{format_.ending}"
    if old is not None:
        path.write_bytes(old)
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS, str(path)], stdout=subprocess.PIPE
    ) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == b"growing\n"
        one.send_signal(signal.SIGKILL)
    assert one.returncode == -signal.SIGKILL
    left = {each for each in tmp_path.iterdir() if each != path}
    assert len(left) == 1
    assert (path.read_bytes() if path.exists() else None) == old
    write(path, format_, FIELDS, [], About("None", "no numbers"))
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with arriving(path) as first:
        first.write(b"first")
        with arriving(path) as second:
            second.write(b"second")
        assert path.read_bytes() == b"second"
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError), arriving(tmp_path / "a") as file:
        file.write("a")  # type: ignore[call-overload]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="cannot be written"), arriving(tmp_path / "no" / "a"):
        pass
