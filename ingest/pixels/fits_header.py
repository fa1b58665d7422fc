"""The header of a FITS HDU: cards of 80 bytes, of which a value is parsed when it is asked for."""

from __future__ import annotations

import re
from typing import Final

from starledger.ingest.pixels.spectrum import UnreadableSpectrum

CARD: Final = 80
BLOCK: Final = 2880
Value = bool | int | float | str | None

_LARGEST = 1e30
_LONGEST = 1 << 20
"""Bytes of a header at most; the longest of the surveys have 50 kB."""
_END = b"END" + b" " * 77
_STRING = re.compile(rb" *'((?:[^']|'')*)'")
_INTEGER = re.compile(rb"[+-]?\d{1,30}")
_FLOAT = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([ED][+-]?\d{1,4})?")
_PRINTABLE = re.compile(rb"[ -~]*")


class Header:
    """The cards of one HDU.

    Parameters
    ----------
    raw
        The cards, without END and what follows it.

    Examples
    --------
    >>> Header(b"TEFF    =               5772.0 / [K] of the Sun".ljust(80)).number("TEFF")
    5772.0
    """

    __slots__ = ("_first", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        # Of several cards of one keyword the first counts: it is entered last.
        last = len(raw) - CARD
        self._first = {raw[at : at + 8]: at for at in range(last, -1, -CARD)}

    def __contains__(self, keyword: str) -> bool:
        return keyword.ljust(8).encode("ascii") in self._first

    def get(self, keyword: str) -> Value:
        """Return the value of a keyword, or None where there is none.

        Raises
        ------
        UnreadableSpectrum
            The card's value is not spelled as FITS has it.
        """
        at = self._first.get(keyword.ljust(8).encode("ascii"))
        if at is None or self.raw[at + 8 : at + 10] != b"= ":
            return None
        return self._value(keyword, at)

    def _value(self, keyword: str, at: int) -> Value:
        body = self.raw[at + 10 : at + CARD]
        if body.lstrip(b" ")[:1] == b"'":
            return self._string(keyword, at, body)
        text = body.partition(b"/")[0].strip(b" ")
        if not text:
            return None
        if text in {b"T", b"F"}:
            return text == b"T"
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text.replace(b"D", b"E"))
        raise UnreadableSpectrum(f"has a header card {keyword} whose value cannot be read.")

    def _string(self, keyword: str, at: int, body: bytes) -> str:
        parts: list[bytes] = []
        while (found := _STRING.match(body)) is not None:
            part = found[1].replace(b"''", b"'").rstrip(b" ")
            at += CARD
            if not (part.endswith(b"&") and self.raw[at : at + 10] == b"CONTINUE  "):
                whole = b"".join([*parts, part])
                if _PRINTABLE.fullmatch(whole):
                    return whole.decode("ascii")
                break
            parts.append(part[:-1])
            body = self.raw[at + 10 : at + CARD]
        raise UnreadableSpectrum(f"has a header card {keyword} whose text cannot be read.")

    def text(self, keyword: str) -> str | None:
        """Return a text without blanks around it, or None where it is empty or missing."""
        value = self.get(keyword)
        return None if value is None else str(value).strip() or None

    def number(self, keyword: str) -> float | None:
        """Return a number, or None where it is missing, too large or written in words.

        A number in quotes counts: LAMOST DR2 writes fibres like that. Numbers that single
        precision cannot hold are no measurements: the largest are None, the smallest 0.
        """
        value = self.get(keyword)
        if isinstance(value, str):
            raw = value.strip().upper().encode("ascii")
            value = float(raw.replace(b"D", b"E")) if _FLOAT.fullmatch(raw) else None
        if value is None or isinstance(value, bool) or not abs(value) < _LARGEST:
            return None
        return float(value) if abs(value) > 1 / _LARGEST else 0.0

    def integer(self, keyword: str) -> int | None:
        """Return a whole number of at most 63 bits, or None where it is missing or in words.

        Raises
        ------
        UnreadableSpectrum
            The number is not whole, or too large.
        """
        value = self.get(keyword)
        if isinstance(value, str) and _INTEGER.fullmatch(value.strip().encode("ascii")):
            value = int(value)
        if value is None or isinstance(value, bool | str):
            return None
        if value != value // 1 or abs(value) >= 1 << 63:
            raise UnreadableSpectrum(f"has {keyword} = {value!r}, which is no whole number.")
        return int(value)

    def truth(self, keyword: str) -> bool | None:
        """Return what a logical card says, or None where it says nothing."""
        value = self.get(keyword)
        return value if isinstance(value, bool) else None


def find_header(contents: bytes, start: int, hdu: int) -> tuple[Header, int]:
    """Return the header that begins at a byte, and the byte at which its data begin.

    Raises
    ------
    UnreadableSpectrum
        It has no END, is longer than any, or its blocks are not whole.
    """
    end = contents.find(_END, start)
    while end != -1 and (end - start) % CARD:
        end = contents.find(_END, end + 1)
    if end == -1:
        raise UnreadableSpectrum(f"is cut off: the header of HDU {hdu} does not end.")
    if end - start > _LONGEST:
        raise UnreadableSpectrum(f"has a header of {end - start} bytes in HDU {hdu}.")
    data = start + -(-(end + CARD - start) // BLOCK) * BLOCK
    if data > len(contents):
        raise UnreadableSpectrum(f"is cut off: the header of HDU {hdu} is not whole.")
    return Header(contents[start:end]), data
