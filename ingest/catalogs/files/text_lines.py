"""A text file cut into whole lines, block by block, and what is wrong with a line in itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from starledger.ingest.catalogs.files.source import Stream, read_fully
from starledger.ingest.catalogs.files.table import CONTENT_KEPT

BLOCK = 2 << 20
LONGEST = 1 << 20
"""Bytes of a line at most; of a longer one only the beginning is kept, and it is refused."""
MOST_LINES = 100_000
"""Lines that are looked at together, however short they are."""

_NEWLINE, _RETURN, _QUOTE, _BLANK = b'\n\r" '
_NOT_CLOSED = "a quote is not closed"

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines that are not blank.

    Parameters
    ----------
    data
        Bytes in which they lie one behind the other, perhaps with blank lines among them.
    starts, ends
        Where each begins, and where it ends without its line end.
    first
        Number of the first of them, the lines of the file's body being counted from 1.
    cut
        Whether the last of them has no line end, as where a file was cut off.
    """

    data: bytes
    starts: Places
    ends: Places
    first: int
    cut: bool

    def __len__(self) -> int:
        return len(self.starts)

    def content(self, line: int) -> str:
        """Return a line as text, as far as it is kept of a refused row."""
        start, end = int(self.starts[line]), int(self.ends[line])
        return self.data[start : min(end, start + 4 * CONTENT_KEPT)].decode("utf-8", "replace")[
            :CONTENT_KEPT
        ]

    def joined(self, kept: NDArray[np.bool_]) -> bytes:
        """Return the bytes of some lines with their line ends, without copying line by line."""
        if not kept.any():
            return b""
        if kept.all() and len(self.data) == len(self) + int((self.ends - self.starts).sum()):
            return self.data
        follows = np.zeros(len(self), bool)
        follows[1:] = kept[:-1] & (self.starts[1:] - self.ends[:-1] <= len(b"\r\n"))
        firsts = np.flatnonzero(kept & ~follows)
        stays = np.append(follows[1:] & kept[1:], False)
        lasts = np.flatnonzero(kept & ~stays)
        if len(firsts) == 1:
            return self.data[self.starts[firsts[0]] : self.ends[lasts[0]]] + b"\n"
        view = memoryview(self.data)
        runs = zip(self.starts[firsts].tolist(), self.ends[lasts].tolist(), strict=True)
        return b"\n".join([*(view[start:end] for start, end in runs), b""])

    def _holding(self, places: Places) -> Places:
        """Return the lines in which bytes lie, those of blank lines left out."""
        line = np.searchsorted(self.starts, places, "right") - 1
        return np.asarray(line[(line >= 0) & (places < self.ends[line])])

    def faults(self, delimiter: bytes) -> dict[int, str]:
        """Return what is wrong with lines, whatever the columns are; of each the first thing.

        Parameters
        ----------
        delimiter
            The byte between fields.
        """
        raw = np.frombuffer(self.data, np.uint8)
        found: dict[int, str] = {}
        long = np.flatnonzero(self.ends - self.starts > LONGEST)
        _note(found, long, f"is longer than {LONGEST >> 20} MiB")
        if b"\0" in self.data:
            _note(found, self._holding(np.flatnonzero(raw == 0)), "holds a NUL byte")
        if b"\r" in self.data and self.data.count(b"\r") != self.data.count(b"\r\n"):
            places = np.flatnonzero(raw == _RETURN)
            _note(found, self._holding(places), "holds a carriage return")
        if not self.data.isascii():
            _note(found, self._undecodable(raw), "is not UTF-8 text")
        if b'"' in self.data:
            self._quote_faults(raw, ord(delimiter), found)
        return found

    def _undecodable(self, raw: NDArray[np.uint8]) -> list[int]:
        try:
            self.data.decode()
        except UnicodeDecodeError:
            lines = np.unique(self._holding(np.flatnonzero(raw > 127)))
            return [line for line in lines.tolist() if not self._decodes(line)]
        return []

    def _decodes(self, line: int) -> bool:
        try:
            self.data[self.starts[line] : self.ends[line]].decode()
        except UnicodeDecodeError:
            return False
        return True

    def _quote_faults(self, raw: NDArray[np.uint8], delimiter: int, found: dict[int, str]) -> None:
        """Note lines whose quotes do not come in pairs around whole fields."""
        quotes = np.flatnonzero(raw == _QUOTE)
        before = np.searchsorted(quotes, self.starts)
        counts = np.searchsorted(quotes, self.ends) - before
        _note(found, np.flatnonzero(counts % 2), _NOT_CLOSED)
        opens = (np.arange(len(quotes)) - np.repeat(before, counts)) % 2 == 0
        beside = raw[np.clip(quotes + np.where(opens, -1, 1), 0, len(raw) - 1)]
        good = (beside == delimiter) | (beside == _QUOTE)
        at = np.flatnonzero(~good)
        line = np.searchsorted(self.starts, quotes[at], "right") - 1
        outermost = np.where(
            opens[at], quotes[at] == self.starts[line], quotes[at] + 1 == self.ends[line]
        )
        _note(found, line[~outermost], "a quote stands inside a field")


def _note(found: dict[int, str], lines: Places | list[int], fault: str) -> None:
    for line in np.unique(lines).tolist():
        found.setdefault(line, fault)


def whole_lines(stream: Stream) -> Iterator[bytes]:
    """Yield the file's bytes in blocks that end with a line; the last may lack its line end."""
    carried = b""
    passing = False
    while block := read_fully(stream, BLOCK):
        if passing:
            at = block.find(b"\n")
            if at < 0:
                continue
            block, passing = block[at:], False
        end = block.rfind(b"\n") + 1
        if end:
            yield carried + block[:end]
            carried = block[end:]
        else:
            carried += block
        if len(carried) > LONGEST:
            carried, passing = carried[: LONGEST + 1], True
    if carried:
        yield carried


def numbered_lines(stream: Stream) -> Iterator[Lines]:
    """Yield the lines that are not blank, numbered from 1."""
    number = 1
    for data in whole_lines(stream):
        starts, ends = _line_places(data)
        cut = not data.endswith(b"\n")
        for at in range(0, len(starts), MOST_LINES):
            part = slice(at, at + MOST_LINES)
            begin, end = int(starts[at]), int(ends[part][-1])
            last = at + MOST_LINES >= len(starts)
            yield Lines(
                data[begin:end] if at or not last else data,
                starts[part] - (begin if at or not last else 0),
                ends[part] - (begin if at or not last else 0),
                number,
                cut and last,
            )
            number += len(starts[part])


def _line_places(data: bytes) -> tuple[Places, Places]:
    """Return where lines begin and end that are not blank."""
    raw = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(raw == _NEWLINE)
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    starts = np.append(0, ends[:-1] + 1)
    if b"\r" in data:
        ends = ends - ((ends > starts) & (raw[ends - 1] == _RETURN))
    kept = ends > starts
    for line in np.flatnonzero(kept & (raw[np.minimum(starts, len(raw) - 1)] == _BLANK)).tolist():
        kept[line] = bool(data[starts[line] : ends[line]].strip(b" "))
    return starts[kept], ends[kept]
