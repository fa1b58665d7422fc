from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starledger.ingest.pixels.inflate import LARGEST, unpacked
from starledger.ingest.pixels.spectrum import UnreadableSpectrum


@given(st.binary(max_size=3000))
def test_what_is_packed_is_unpacked(contents: bytes) -> None:
    assert unpacked(gzip.compress(contents)) == contents


def test_what_is_not_packed_is_left() -> None:
    assert unpacked(b"SIMPLE  =") == b"SIMPLE  ="


def test_several_members_and_zeros_behind_them() -> None:
    packed = gzip.compress(b"one") + gzip.compress(b"") + gzip.compress(b"two")
    assert unpacked(packed + b"\0" * 99) == b"onetwo"


def test_too_many_members_are_refused() -> None:
    with pytest.raises(UnreadableSpectrum, match="follow its end"):
        unpacked(gzip.compress(b"x") * 300)


def bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = b"\0" * (16 << 20)
    parts = [packer.compress(zeros) for _ in range((LARGEST >> 24) * 4)]
    return b"".join([*parts, packer.flush()])


def test_a_bomb_does_not_go_off() -> None:
    packed = bomb()
    assert len(packed) < LARGEST // 200
    tracemalloc.start()
    with pytest.raises(UnreadableSpectrum, match="more than 128 MiB"):
        unpacked(packed)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * LARGEST


@pytest.mark.parametrize("place", [3, 12, -6, -2])
def test_damage_is_seen(place: int) -> None:
    packed = bytearray(gzip.compress(bytes(range(256)) * 40))
    packed[place] ^= 0xFF
    with pytest.raises(UnreadableSpectrum):
        unpacked(bytes(packed))


def test_a_cut_is_seen() -> None:
    packed = gzip.compress(bytes(range(256)) * 40)
    with pytest.raises(UnreadableSpectrum, match="is cut off"):
        unpacked(packed[:-9])


def test_words_behind_the_end_are_seen() -> None:
    with pytest.raises(UnreadableSpectrum, match="follow its end"):
        unpacked(gzip.compress(b"x") + b"more")
