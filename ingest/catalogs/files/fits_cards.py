"""Headers of a FITS file read from a stream, and where the data of each HDU lie."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from starledger.ingest.catalogs.files.source import Source

BLOCK = 2880
CARD = 80
MOST_CARDS = 36 * 1000
MOST_HDUS = 10_000

_STRING = re.compile(rb"\s*'((?:[^']|'')*)'")
_INTEGER = re.compile(r"[+-]?\d{1,19}")
_AXES = 999


@dataclass(frozen=True, slots=True)
class Hdu:
    """A header, and where its data are.

    Parameters
    ----------
    number
        Its place in the file, the primary being 0.
    cards
        The values by keyword, texts without their quotes and without blanks behind them.
    data
        The byte at which its data begin.
    size
        Bytes of its data, without the filling of the last block.
    """

    number: int
    cards: Mapping[str, str]
    data: int
    size: int

    def integer(self, keyword: str) -> int | None:
        """Return a whole number, or None where there is none of that keyword."""
        text = self.cards.get(keyword, "")
        return int(text) if _INTEGER.fullmatch(text) else None

    @property
    def kind(self) -> str:
        """XTENSION; ``PRIMARY`` of the first HDU."""
        return self.cards.get("XTENSION", "") if self.number else "PRIMARY"


def hdus(source: Source, file: BinaryIO) -> Iterator[Hdu]:
    """Yield the HDUs of a file one after the other.

    Raises
    ------
    UnreadableTable
        It is cut off, or a header contradicts itself.
    """
    there = file.seek(0, 2)
    start = 0
    for number in range(MOST_HDUS):
        hdu = _hdu(source, file, start, number)
        if hdu is None:
            return
        missing = hdu.data + hdu.size - there
        if missing > 0:
            raise source.unreadable(
                f"is cut off: HDU {number} should have {hdu.size} bytes of data,"
                f" of which {missing} are missing"
            )
        yield hdu
        start = hdu.data + -(-hdu.size // BLOCK) * BLOCK


def _hdu(source: Source, file: BinaryIO, start: int, number: int) -> Hdu | None:
    """Return the HDU that begins at a byte; None where the file has ended before."""
    file.seek(start)
    cards: dict[str, str] = {}
    for at in range(MOST_CARDS // 36):
        block = file.read(BLOCK)
        if not at and number and not block.startswith(b"XTENSION"):
            _refuse_a_cut(source, block, number)
            return None
        if len(block) < BLOCK:
            raise source.unreadable(f"is cut off: the header of HDU {number} does not end")
        for place in range(0, BLOCK, CARD):
            card = block[place : place + CARD]
            if card.rstrip() == b"END":
                return _located(source, Hdu(number, cards, start + (at + 1) * BLOCK, 0))
            if card[8:10] == b"= ":
                cards.setdefault(card[:8].decode("latin-1").rstrip(), _value(card[10:]))
    raise source.unreadable(f"is damaged: the header of HDU {number} has no END")


def _refuse_a_cut(source: Source, rest: bytes, number: int) -> None:
    """Refuse a file of which the beginning of a keyword is left; filling may stand there."""
    if rest and b"XTENSION".startswith(rest[:8]):
        raise source.unreadable(f"is cut off: the header of HDU {number} does not end")


def _value(body: bytes) -> str:
    found = _STRING.match(body)
    if found is not None:
        return found[1].replace(b"''", b"'").decode("latin-1").strip()
    return body.partition(b"/")[0].decode("latin-1").strip()


def _located(source: Source, hdu: Hdu) -> Hdu:
    """Return the HDU with the bytes that its data have."""
    axes, bits = hdu.integer("NAXIS"), hdu.integer("BITPIX")
    if axes is None or bits not in {8, 16, 32, 64, -32, -64} or not 0 <= axes <= _AXES:
        raise source.unreadable(f"is damaged: HDU {hdu.number} does not say how large it is")
    sizes = [hdu.integer(f"NAXIS{axis}") for axis in range(1, axes + 1)]
    groups, heap = hdu.integer("GCOUNT"), hdu.integer("PCOUNT") or 0
    values = 1 if sizes else 0
    for place, size in enumerate(sizes):
        if size is None or size < 0:
            raise source.unreadable(f"is damaged: HDU {hdu.number} does not say how large it is")
        # A first axis of no length marks the groups of radio astronomers.
        values *= 1 if hdu.number == 0 and place == 0 and size == 0 and axes > 1 else size
    if heap < 0 or (groups is not None and groups < 0):
        raise source.unreadable(f"is damaged: HDU {hdu.number} does not say how large it is")
    size = abs(bits) // 8 * (1 if groups is None else groups) * (heap + values)
    return Hdu(hdu.number, hdu.cards, hdu.data, size)
