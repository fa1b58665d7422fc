from __future__ import annotations

import errno
import gzip
import tempfile
from pathlib import Path
from typing import Self

import pytest

from starledger.ingest.catalogs.files.source import Source, read_fully
from starledger.ingest.catalogs.files.table import UnreadableTable
from starledger.schema.errors import DiskFull

CONTENTS = bytes(range(256)) * 1000


def _packed(tmp_path: Path, raw: bytes) -> Source:
    path = tmp_path / "stars.fits.gz"
    path.write_bytes(raw)
    return Source(path, packed=True)


@pytest.mark.parametrize("behind", [b"", bytes(700)])
def test_packed_bytes_in_several_pieces(tmp_path: Path, behind: bytes) -> None:
    pieces = gzip.compress(CONTENTS) + gzip.compress(CONTENTS)
    source = _packed(tmp_path, pieces + behind)
    with source.opened() as stream:
        assert read_fully(stream, 10**7) == CONTENTS * 2


@pytest.mark.parametrize("missing", [1, 8, 9, 200])
def test_packed_bytes_that_are_cut_off(tmp_path: Path, missing: int) -> None:
    source = _packed(tmp_path, gzip.compress(CONTENTS)[:-missing])
    with pytest.raises(UnreadableTable, match="is cut off"), source.unpacked():
        pass


def test_packed_bytes_that_are_damaged(tmp_path: Path) -> None:
    raw = bytearray(gzip.compress(CONTENTS))
    raw[-6] ^= 1
    with pytest.raises(UnreadableTable, match=r"stars\.fits\.gz is damaged: gzip says CRC"):
        _packed(tmp_path, bytes(raw)).unpacked().__enter__()


def test_an_unpacked_copy_is_called_by_its_origin_and_vanishes(tmp_path: Path) -> None:
    source = _packed(tmp_path, gzip.compress(CONTENTS))
    with source.unpacked() as plain:
        assert plain.path.read_bytes() == CONTENTS
        assert str(source.path) in plain.unreadable("is odd").what
    assert not plain.path.exists()


def test_no_room_for_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        name = str(tmp_path / "copy")

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def write(self, _: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", lambda **_: Full())
    source = _packed(tmp_path, gzip.compress(CONTENTS))
    with pytest.raises(DiskFull, match="does not fit unpacked"), source.unpacked():
        pass
