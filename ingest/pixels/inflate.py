"""Gzipped files unpacked, to a size that is bounded beforehand."""

from __future__ import annotations

from typing import cast

from isal import isal_zlib

from starledger.ingest.pixels.spectrum import UnreadableSpectrum

LARGEST = 128 << 20
"""Bytes of the largest file that is taken: an apStar file of 400 visits."""

_MAGIC = b"\x1f\x8b"
_GZIP = 31
_MEMBERS = 256
"""A file of more packed pieces than this would take ever longer to go through."""
_Damaged = cast("type[Exception]", isal_zlib.error)


def unpacked(contents: bytes) -> bytes:
    """Return what a file holds, unpacked where it is gzipped.

    Raises
    ------
    UnreadableSpectrum
        The packed bytes are cut off or damaged, or it holds more than `LARGEST` bytes.

    Examples
    --------
    >>> import gzip
    >>> unpacked(gzip.compress(b"SIMPLE"))
    b'SIMPLE'
    """
    if not contents.startswith(_MAGIC):
        return _bounded(contents)
    parts: list[bytes] = []
    room = LARGEST
    while contents.startswith(_MAGIC) and len(parts) < _MEMBERS:
        part, contents = _member(contents, room)
        parts.append(part)
        room -= len(part)
    if contents.strip(b"\0"):
        raise UnreadableSpectrum("is damaged: bytes that gzip cannot unpack follow its end.")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _member(contents: bytes, room: int) -> tuple[bytes, bytes]:
    """Return what the first member of a gzip file holds, and the bytes behind it."""
    unpacker = isal_zlib.decompressobj(_GZIP)
    try:
        part = unpacker.decompress(contents, room + 1)
    except _Damaged as error:
        raise UnreadableSpectrum(f"is damaged: gzip says {str(error).rstrip('.')}.") from None
    if len(part) > room:
        _bounded(part, room)
    if not unpacker.eof:
        raise UnreadableSpectrum("is cut off: its gzipped bytes do not end.")
    return part, unpacker.unused_data


def _bounded(contents: bytes, room: int = LARGEST) -> bytes:
    if len(contents) > room:
        raise UnreadableSpectrum(f"holds more than {LARGEST >> 20} MiB, more than any spectrum.")
    return contents
