"""Columns of Arrow out of the bytes of PostgreSQL's binary COPY, many rows in one go.

A field is its length in four bytes and then its value, or the length -1 and nothing. So fields of a
column lie at other places in each row, from which NumPy gathers them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from starledger.catalog.export.errors import ExportError

Bytes: TypeAlias = NDArray[np.uint8]
Places: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

FILLING = bytes(32)
"""What stands behind the last row: what is read in the place of a null lies in there."""

_HEAD = 4
"""Bytes of a length."""

_ARRAY_HEAD = 20
"""Bytes of an array before its elements: dimensions, nulls, type, length, first index."""

_INTEGER = np.dtype(">i4")

_EPOCH = 946_684_800_000_000
"""Microseconds from 1970 until PostgreSQL's times begin, in 2000."""


class Numbers:
    """A type whose values are all of one length: numbers, truth values, times.

    Parameters
    ----------
    arrow
        Its type in memory.
    sent
        How PostgreSQL sends a value.
    """

    def __init__(self, arrow: pa.DataType, sent: str) -> None:
        self.arrow = arrow
        self.width = np.dtype(sent).itemsize
        self._sent = np.dtype(sent)
        self._field = np.dtype([("length", "i4"), ("value", sent)])
        self._native = self._sent.newbyteorder("=")
        self._begin = _EPOCH if pa.types.is_timestamp(arrow) else 0

    def column(self, data: Bytes, at: Places) -> pa.Array:
        """Return the fields that begin at some places, which move to behind them."""
        fields = _gathered(data, self._field, at)
        # In whichever order the bytes of -1 stand.
        null = fields["length"] == -1
        at += _HEAD + self.width
        if np.count_nonzero(null):
            at[null] -= self.width
        return self._array(fields["value"], null)

    def elements(self, data: Bytes, at: Places) -> pa.Array:
        """Return values that begin at some places, none of which is null."""
        return self._array(_gathered(data, self._sent, at), np.zeros(len(at), np.bool_))

    def _array(self, sent: NDArray[Any], null: Bools) -> pa.Array:
        values = sent.astype(self._native)
        if self._begin:
            values += self._begin
        if pa.types.is_boolean(self.arrow):
            values = np.packbits(values.view(np.bool_), bitorder="little")
        nulls = int(np.count_nonzero(null))
        valid = pa.py_buffer(np.packbits(~null, bitorder="little")) if nulls else None
        buffers = [valid, pa.py_buffer(values)]
        return pa.Array.from_buffers(self.arrow, len(null), buffers, nulls)


@dataclass(frozen=True, slots=True)
class Texts:
    """Text of any length."""

    arrow: pa.DataType

    def column(self, data: Bytes, at: Places) -> pa.Array:
        """Return the fields that begin at some places, which move to behind them."""
        null, lengths = _lengths(data, at)
        # For Arrow, what lies between two texts is a text as well, which is not taken.
        ends = np.empty(2 * len(at) + 1, np.int32)
        ends[0] = 0
        ends[1::2] = at + _HEAD
        ends[2::2] = at + _HEAD + lengths
        buffers = [None, pa.py_buffer(ends), pa.py_buffer(data)]
        all_texts = pa.Array.from_buffers(self.arrow, 2 * len(at), buffers)
        at += _HEAD + lengths
        return all_texts.take(pa.array(np.arange(1, 2 * len(at), 2), mask=null))


@dataclass(frozen=True, slots=True)
class Arrays:
    """One-dimensional arrays of numbers.

    Parameters
    ----------
    element
        The type of these.
    """

    element: Numbers

    @property
    def arrow(self) -> pa.DataType:
        """Its type in memory."""
        return pa.list_(self.element.arrow)

    def column(self, data: Bytes, at: Places) -> pa.Array:
        """Return the fields that begin at some places, which move to behind them.

        Raises
        ------
        ExportError
            An array has more dimensions than one.
        """
        null, lengths = _lengths(data, at)
        head = np.where(null, 0, _gathered(data, _INTEGER, at + _HEAD))
        if head.max(initial=0) > 1:
            raise ExportError(
                "An array has more than one dimension.",
                remedy="Ask for its parts, or leave it out.",
            )
        counts = np.where(head == 1, _gathered(data, _INTEGER, at + _HEAD + 12), 0).astype(np.int64)
        first = at + _HEAD + _ARRAY_HEAD
        at += _HEAD + lengths
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        width = _HEAD + self.element.width
        if (counts * width + _ARRAY_HEAD == lengths)[head == 1].all():
            within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
            values = self.element.elements(data, np.repeat(first, counts) + within * width + _HEAD)
        else:
            values = self._with_nulls(data, first, counts)
        # An offset that is null makes an array null.
        marked = pa.array(offsets, mask=np.append(null, False)) if null.any() else pa.array(offsets)
        return pa.ListArray.from_arrays(marked, values)

    def _with_nulls(self, data: Bytes, first: Places, counts: Places) -> pa.Array:
        """Return the elements of all arrays, some of which are null, one after the other."""
        rows, parts = np.arange(len(first)), []
        found: list[Places] = []
        at = first.copy()
        for number in range(int(counts.max())):
            rows = rows[counts[rows] > number]
            places = at[rows]
            parts.append(self.element.column(data, places))
            at[rows] = places
            found.append(rows)
        order = np.argsort(np.concatenate(found), kind="stable")
        return pa.concat_arrays(parts).take(pa.array(order))


Taken: TypeAlias = Numbers | Texts | Arrays
"""How the values of a type are taken out of what PostgreSQL sends."""

_NUMBERS = {
    16: Numbers(pa.bool_(), "u1"),
    21: Numbers(pa.int16(), ">i2"),
    23: Numbers(pa.int32(), ">i4"),
    20: Numbers(pa.int64(), ">i8"),
    700: Numbers(pa.float32(), ">f4"),
    701: Numbers(pa.float64(), ">f8"),
    1114: Numbers(pa.timestamp("us"), ">i8"),
    1184: Numbers(pa.timestamp("us", "UTC"), ">i8"),
}

TYPES: dict[int, Taken] = {
    **_NUMBERS,
    19: Texts(pa.string()),
    25: Texts(pa.string()),
    1042: Texts(pa.string()),
    1043: Texts(pa.string()),
    1005: Arrays(_NUMBERS[21]),
    1007: Arrays(_NUMBERS[23]),
    1016: Arrays(_NUMBERS[20]),
    1021: Arrays(_NUMBERS[700]),
    1022: Arrays(_NUMBERS[701]),
}
"""The types of PostgreSQL, by their numbers."""


def taken(data: Bytes, starts: Places, kinds: list[Taken]) -> list[pa.Array]:
    """Return the columns of rows that lie in some bytes.

    Parameters
    ----------
    data
        The rows, with `FILLING` behind them.
    starts
        Where each row begins.
    kinds
        How each column is taken.

    Raises
    ------
    ExportError
        The rows are not of these columns.

    Examples
    --------
    >>> row = bytes([0, 2, 0, 0, 0, 2, 0, 7, 255, 255, 255, 255])
    >>> data = np.frombuffer(row + FILLING, np.uint8)
    >>> taken(data, np.array([0]), [TYPES[21], TYPES[25]])[0].to_pylist()
    [7]
    """
    at = starts + 2
    columns = [kind.column(data, at) for kind in kinds]
    ends = np.append(starts[1:], len(data) - len(FILLING))
    if not np.array_equal(at, ends):
        raise ExportError(
            "The rows that came are not of the columns that were asked for.",
            remedy="Run it again; `starledger doctor` looks at the database.",
        )
    return columns


def _gathered(data: Bytes, kind: np.dtype[Any], at: Places) -> NDArray[Any]:
    """Return the values at some places."""
    size = kind.itemsize
    # Bytes of no meaning are moved in one go, wherever they lie.
    everywhere: NDArray[Any] = np.ndarray((len(data) - size + 1,), f"V{size}", data, strides=(1,))
    return everywhere[at].view(kind)


def _lengths(data: Bytes, at: Places) -> tuple[Bools, Places]:
    """Return which fields are null, and how long the others are."""
    said = _gathered(data, _INTEGER, at).astype(np.int64)
    return said < 0, np.maximum(said, 0)
