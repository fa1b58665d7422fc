"""The top of a text table: comments, what divides the fields, and the columns' names."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from starledger.ingest.catalogs.files.ecsv import MAGIC, BadYaml, EcsvHeader, ecsv_header
from starledger.ingest.catalogs.files.names import checked_names
from starledger.ingest.catalogs.files.source import Source, read_fully
from starledger.ingest.catalogs.files.table import About

DELIMITERS = "|\t;,"
TOP = 4 << 20
"""Bytes within which the columns' names must have come."""

_MARK = b"\xef\xbb\xbf"
_QUOTED = re.compile(r'"[^"]*"')
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class TextHeader:
    """What the top of the file says.

    Parameters
    ----------
    about
        Names, units and more.
    delimiter
        The character between fields.
    body
        The byte at which the rows begin.
    empty_is_null
        Whether an empty field says that there is no value.
    """

    about: About
    delimiter: str
    body: int
    empty_is_null: bool = False


@dataclass(frozen=True, slots=True)
class _Top:
    """The lines above the rows: comments, the first line that is none, and the one behind it."""

    comments: list[str]
    first: str
    second: str
    starts: list[int]
    """Where rows would begin behind each comment, and behind the first line."""


def text_header(source: Source) -> TextHeader:
    """Return what the top of a text file says.

    Raises
    ------
    UnreadableTable
        It is no table: there are no names, or nothing known divides them.
    """
    with source.opened() as stream:
        raw = read_fully(stream, TOP)
    top = _top(source, raw)
    if top.comments and top.comments[0].startswith(MAGIC):
        return _ecsv(source, top)
    return _plain(source, top)


def _top(source: Source, raw: bytes) -> _Top:
    lines = _lines(raw)
    comments: list[str] = []
    starts: list[int] = []
    for line, end in lines:
        if not line.startswith("#"):
            second = next((line for line, _ in lines), "")
            return _Top(comments, line, second, [*starts, end])
        comments.append(line)
        starts.append(end)
    if len(raw) >= TOP:
        raise source.unreadable(f"does not name its columns in its first {TOP >> 20} MiB")
    if not comments:
        raise source.unreadable("is empty")
    return _Top(comments, "", "", [*starts, starts[-1]])


def _lines(raw: bytes) -> Iterator[tuple[str, int]]:
    """Yield the lines that are not blank and end within these bytes, and where each ends."""
    start = len(_MARK) if raw.startswith(_MARK) else 0
    while start < len(raw):
        found = raw.find(b"\n", start)
        if found < 0 and len(raw) >= TOP:
            return
        end = len(raw) if found < 0 else found + 1
        line = raw[start:end].removesuffix(b"\n").removesuffix(b"\r")
        if line.strip():
            yield line.decode("utf-8", "replace"), end
        start = end


def _ecsv(source: Source, top: _Top) -> TextHeader:
    try:
        header: EcsvHeader = ecsv_header(top.comments)
    except BadYaml:
        raise source.unreadable("is damaged: its commented header is not that of ECSV") from None
    names = _split(source, top.first, header.delimiter)
    if not names:
        raise source.unreadable("is cut off: no line of names follows its commented header")
    about = About(names, header.units, meta=header.meta, ucds=header.ucds, types=header.types)
    return TextHeader(about, header.delimiter, top.starts[-1], empty_is_null=True)


def _plain(source: Source, top: _Top) -> TextHeader:
    commented = top.comments[-1].lstrip("#").strip(" ") if top.comments else ""
    if commented and _names_are_commented(commented, top.first):
        delimiter = _delimiter(commented, top.first)
        names, body = _split(source, commented, delimiter), top.starts[-2]
    else:
        delimiter = _delimiter(top.first, top.second)
        names, body = _split(source, top.first, delimiter), top.starts[-1]
    if len(names) < 2:
        raise source.unreadable(
            "is no table: nothing divides the columns' names in its first line",
            r"Give a table divided by one of | , ; or tabs, with a line of names.",
        )
    return TextHeader(About(names), delimiter, body)


def _names_are_commented(comment: str, first: str) -> bool:
    """Whether the names stand in the last comment: as many as fields below, which have numbers."""
    if not first:
        return True
    delimiter = _delimiter(comment, first)
    if _count(comment, delimiter) != _count(first, delimiter) or not _count(first, delimiter):
        return False
    return any(_NUMBER.fullmatch(field.strip(' "')) for field in first.split(delimiter))


def _count(line: str, delimiter: str) -> int:
    return _QUOTED.sub("", line).count(delimiter)


def _delimiter(names: str, row: str) -> str:
    """Return what divides the names: the most frequent that is as frequent in the row below."""
    frequent = sorted(DELIMITERS, key=lambda one: -_count(names, one))
    there = [one for one in frequent if _count(names, one)]
    return next((one for one in there if _count(names, one) == _count(row, one)), frequent[0])


def _split(source: Source, line: str, delimiter: str) -> Sequence[str]:
    if "\ufffd" in line or "\0" in line:
        raise source.unreadable("names its columns in something else than UTF-8 text")
    if "\r" in line:
        raise source.unreadable(
            "ends its lines by carriage returns alone", "Convert its line ends to newlines."
        )
    try:
        (names,) = csv.reader([line], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        raise source.unreadable("has quotes in its line of names that are not closed") from None
    return checked_names(source, names)
