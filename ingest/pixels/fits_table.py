"""The columns of a FITS binary table, as views of the file's bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from starledger.ingest.pixels.fits_header import Header
from starledger.ingest.pixels.spectrum import UnreadableSpectrum

_TFORM = re.compile(r"(\d{0,9})([LXBIJKAEDCMPQ])")
_TDIM = re.compile(r"\( *\d{1,9}( *, *\d{1,9})* *\)")
_CODES = {"B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
_BYTES = {"L": 1, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16}
_POINTER_BYTES = {"P": 8, "Q": 16}


@dataclass(frozen=True, slots=True)
class Column:
    """Where a column lies in a row, and what it holds."""

    name: str
    code: str
    repeat: int
    offset: int
    shape: tuple[int, ...]
    scale: float
    zero: float


@dataclass(frozen=True, slots=True)
class Table:
    """A binary table.

    Parameters
    ----------
    hdu
        Number of the HDU, for messages.
    columns
        By name in upper case; of several of one name the first.
    rows, width
        Number of rows, and bytes of each.
    data
        The rows.
    """

    hdu: int
    columns: dict[str, Column]
    rows: int
    width: int
    data: memoryview

    def __contains__(self, name: str) -> bool:
        return name.upper() in self.columns

    def column(self, name: str) -> NDArray[Any]:
        """Return a column: rows, by the values of a row where there are several.

        Raises
        ------
        UnreadableSpectrum
            There is none of that name, or it holds what we cannot read.
        """
        column = self.columns.get(name.upper())
        if column is None:
            raise UnreadableSpectrum(f"has no column {name} in HDU {self.hdu}.")
        if column.code == "A":
            *sizes, width = column.shape or (1,)
            return self._view(f"S{max(width, 1)}", column, tuple(sizes))
        if column.code == "L":
            return np.asarray(self._view("S1", column, column.shape) == b"T")
        if column.code not in _CODES:
            raise UnreadableSpectrum(
                f"has a column {name} of type {column.code} in HDU {self.hdu}, which no survey"
                " uses for spectra."
            )
        values = self._view(_CODES[column.code], column, column.shape)
        if (column.scale, column.zero) != (1.0, 0.0):
            return np.asarray(values * column.scale + column.zero)
        return values

    def _view(self, code: str, column: Column, shape: tuple[int, ...]) -> NDArray[Any]:
        kind = np.dtype(code)
        if column.repeat == 0 or self.rows == 0:
            raise UnreadableSpectrum(f"has nothing in column {column.name} of HDU {self.hdu}.")
        steps = [kind.itemsize]
        for size in reversed(shape[1:]):
            steps.insert(0, steps[0] * size)
        strides = (self.width, *(steps if shape else ()))
        return np.ndarray((self.rows, *shape), kind, self.data, column.offset, strides)

    def text(self, name: str) -> str | None:
        """Return the text in the first row of a column, or None where there is none."""
        if name not in self or not self.rows or self.columns[name.upper()].code != "A":
            return None
        raw = self.column(name)[0]
        if not isinstance(raw, bytes):
            return None
        words = raw.partition(b"\0")[0].strip()
        if not all(32 <= byte < 127 for byte in words):
            raise UnreadableSpectrum(f"has a text in column {name} that cannot be read.")
        return words.decode("ascii") or None

    def number(self, name: str) -> float | None:
        """Return the number in the first row of a column, or None where there is none."""
        if name not in self or not self.rows:
            return None
        values = self.column(name)[0]
        if np.ndim(values) or values.dtype.kind not in "iuf" or not np.isfinite(values):
            return None
        return float(values)

    def integer(self, name: str) -> int | None:
        """Return the whole number in the first row of a column, or None where there is none."""
        if name not in self or not self.rows:
            return None
        values = self.column(name)[0]
        return None if np.ndim(values) or values.dtype.kind not in "iu" else int(values)


@lru_cache(maxsize=64)
def columns_of(raw_header: bytes, hdu: int) -> tuple[dict[str, Column], int]:
    """Return the columns that a table's header tells of, and the bytes of a row.

    Files of a survey share their tables' headers, so that this is mostly remembered.

    Raises
    ------
    UnreadableSpectrum
        The header contradicts itself.
    """
    header = Header(raw_header)
    fields, width = header.integer("TFIELDS"), header.integer("NAXIS1")
    if fields is None or not 0 <= fields <= 999 or width is None:
        raise UnreadableSpectrum(f"does not say how many columns the table in HDU {hdu} has.")
    columns: dict[str, Column] = {}
    offset = 0
    for number in range(1, fields + 1):
        column, size = _column(header, hdu, number, offset)
        columns.setdefault(column.name.upper(), column)
        offset += size
    if offset != width:
        raise UnreadableSpectrum(
            f"contradicts itself: the columns of HDU {hdu} have {offset} bytes, its rows {width}."
        )
    return columns, width


def _column(header: Header, hdu: int, number: int, offset: int) -> tuple[Column, int]:
    """Return a column and the bytes that it takes in a row."""
    form = header.text(f"TFORM{number}") or ""
    found = _TFORM.match(form)
    if found is None:
        raise UnreadableSpectrum(f"has a column {number} of unknown type {form!r} in HDU {hdu}.")
    repeat, code = int(found[1] or 1), found[2]
    if code in _POINTER_BYTES:
        size = repeat * _POINTER_BYTES[code]
    else:
        size = -(-repeat // 8) if code == "X" else repeat * _BYTES[code]
    scale, zero = header.number(f"TSCAL{number}"), header.number(f"TZERO{number}")
    column = Column(
        header.text(f"TTYPE{number}") or f"COLUMN{number}",
        code,
        repeat,
        offset,
        _shape(header.text(f"TDIM{number}"), repeat),
        1.0 if scale is None else scale,
        0.0 if zero is None else zero,
    )
    return column, size


def _shape(stated: str | None, repeat: int) -> tuple[int, ...]:
    """Return the shape of a row's values, as TDIM has it where it fits."""
    if stated is not None and _TDIM.fullmatch(stated):
        sizes = tuple(int(size) for size in reversed(stated[1:-1].split(",")))
        product = 1
        for size in sizes:
            product *= size
        if product == repeat:
            return sizes
    return () if repeat == 1 else (repeat,)
