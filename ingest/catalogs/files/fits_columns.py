"""The columns of a FITS binary table: where they lie in a row, and how they become Arrow's."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from starledger.ingest.catalogs.files.fits_cards import Hdu
from starledger.ingest.catalogs.files.fixed_text import padded_texts
from starledger.ingest.catalogs.files.source import Source

_TFORM = re.compile(r"(\d{0,9})([LXBIJKAEDCMPQ]).*")
_TDIM = re.compile(r"\((\d{1,9}(?:,\d{1,9})*)\)")
_SIZES = {"L": 1, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16}
_POINTERS = {"P": 8, "Q": 16}
_NUMBERS = {"B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
_UNREAD = {
    "X": "bits",
    "C": "complex numbers",
    "M": "complex numbers",
    "P": "arrays of varying length",
    "Q": "arrays of varying length",
}
_SHIFTED = {("B", -128): "i1", ("I", 1 << 15): "u2", ("J", 1 << 31): "u4", ("K", 1 << 63): "u8"}
"""TZERO of integers that FITS itself has no type for."""

Raw = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Parameters
    ----------
    name
        TTYPE; empty where there is none.
    code, repeat
        The letter of TFORM, and how many values a row has.
    offset, width
        Where it lies in a row, and how many bytes it takes.
    text_width
        Characters of a text, of which a row may have several.
    scale, zero, null, unit
        TSCAL, TZERO, TNULL and TUNIT.
    """

    name: str
    code: str
    repeat: int
    offset: int
    width: int
    text_width: int
    scale: float = 1.0
    zero: float = 0.0
    null: int | None = None
    unit: str = field(default="")

    @property
    def unread(self) -> str | None:
        """What it holds that is not read, or None."""
        if not self.width or (self.code == "A" and not self.text_width):
            return "nothing"
        return _UNREAD.get(self.code)

    def array(self, rows: Raw) -> pa.Array:
        """Return the values of some rows, copied and of the machine's own byte order.

        Parameters
        ----------
        rows
            The bytes of the rows, a row each.
        """
        raw = np.ascontiguousarray(rows[:, self.offset : self.offset + self.width])
        per_row = self.repeat
        if self.code == "A":
            per_row = self.repeat // self.text_width
            values = padded_texts(raw.reshape(-1, self.text_width))
        elif self.code == "L":
            values = _truths(raw.reshape(-1))
        else:
            values = self._numbers(raw.reshape(-1).view(_NUMBERS[self.code]))
        return values if per_row == 1 else pa.FixedSizeListArray.from_arrays(values, per_row)

    def _numbers(self, raw: NDArray[Any]) -> pa.Array:
        values = raw.astype(raw.dtype.newbyteorder("="))
        missing = None
        if self.null is not None and values.dtype.kind in "iu":
            missing = raw == self.null if _fits(self.null, raw.dtype) else None
        if (self.scale, self.zero) != (1.0, 0.0):
            values = self._scaled(values)
        return pa.array(values, mask=missing)

    def _scaled(self, values: NDArray[Any]) -> NDArray[Any]:
        shifted = _SHIFTED.get((self.code, self.zero)) if self.scale == 1.0 else None
        if shifted is not None:
            sign = np.dtype(values.dtype).type(1 << 7 if self.code == "B" else _lowest(values))
            return np.asarray((values ^ sign).view(shifted))
        with np.errstate(all="ignore"):
            return np.asarray(values * np.float64(self.scale) + np.float64(self.zero))


def _lowest(values: NDArray[Any]) -> int:
    return int(np.iinfo(values.dtype).min)


def _fits(number: int, kind: np.dtype[Any]) -> bool:
    limits = np.iinfo(kind)
    return bool(limits.min <= number <= limits.max)


def _truths(raw: Raw) -> pa.Array:
    return pa.array(raw == ord("T"), mask=~np.isin(raw, np.frombuffer(b"TF", np.uint8)))


def columns_of(source: Source, hdu: Hdu) -> list[Column]:
    """Return the columns of a binary table.

    Raises
    ------
    UnreadableTable
        The header contradicts itself.
    """
    fields, width = hdu.integer("TFIELDS"), hdu.integer("NAXIS1")
    if fields is None or not 0 <= fields <= 999 or hdu.integer("NAXIS") != 2:
        raise source.unreadable(f"is damaged: HDU {hdu.number} does not say what columns it has")
    columns: list[Column] = []
    offset = 0
    for number in range(1, fields + 1):
        column = _column(source, hdu, number, offset)
        columns.append(column)
        offset += column.width
    if offset != width:
        raise source.unreadable(
            f"is damaged: the columns of HDU {hdu.number} have {offset} bytes, its rows {width}"
        )
    return columns


def _column(source: Source, hdu: Hdu, number: int, offset: int) -> Column:
    cards = hdu.cards
    form = cards.get(f"TFORM{number}", "")
    found = _TFORM.fullmatch(form)
    if found is None:
        raise source.unreadable(
            f"is damaged: column {number} of HDU {hdu.number} is of unknown type {form!r}"
        )
    repeat, code = int(found[1] or 1), found[2]
    width = -(-repeat // 8) if code == "X" else repeat * (_POINTERS.get(code) or _SIZES[code])
    return Column(
        cards.get(f"TTYPE{number}", ""),
        code,
        repeat,
        offset,
        width,
        _text_width(cards, number, repeat),
        _number(cards, f"TSCAL{number}", 1.0),
        _number(cards, f"TZERO{number}", 0.0),
        hdu.integer(f"TNULL{number}"),
        cards.get(f"TUNIT{number}", ""),
    )


def _text_width(cards: Mapping[str, str], number: int, repeat: int) -> int:
    """Return the characters of one text: the first size of TDIM where it divides the row's."""
    found = _TDIM.fullmatch(cards.get(f"TDIM{number}", ""))
    if found is None:
        return repeat
    sizes = [int(size) for size in found[1].split(",")]
    return sizes[0] if math.prod(sizes) == repeat else repeat


def _number(cards: Mapping[str, str], keyword: str, default: float) -> float:
    text = cards.get(keyword, "").upper().replace("D", "E")
    try:
        value = float(text)
    except ValueError:
        return default
    return value if math.isfinite(value) else default
