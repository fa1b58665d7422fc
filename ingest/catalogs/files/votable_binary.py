"""Rows of a VOTable that are written as bytes in base 64."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from starledger.ingest.catalogs.files.fixed_text import decoded, padded_texts
from starledger.ingest.catalogs.files.table import RawBatch
from starledger.ingest.catalogs.files.votable_fields import NUMBERS, FieldType
from starledger.ingest.catalogs.files.votable_head import BadXml, Head

WIDEST = 64 << 20
"""Bytes of a row at most."""

_TRUE, _FALSE = (np.frombuffer(said, np.uint8) for said in (b"Tt1", b"Ff0"))
_WHITE = b" \t\r\n"

Places = NDArray[np.int64]
Raw = NDArray[np.uint8]


class BinaryRows:
    """Rows as bytes, which come in pieces of base 64.

    Parameters
    ----------
    head
        Of the document.
    types
        What the columns hold.
    wanted
        Which of them are wanted.
    """

    def __init__(self, head: Head, types: Sequence[FieldType], wanted: Sequence[int]) -> None:
        self._types, self._wanted = types, wanted
        self._flags = -(-len(types) // 8) if head.kind == "BINARY2" else 0
        self._rest = b""
        self.end = re.compile(rb"<")
        self._layout = _Layout(types, self._flags)
        if self._layout.least > WIDEST or not self._layout.least:
            raise BadXml(f"is damaged: its rows have {self._layout.least} bytes")

    def cut(self, raw: bytes) -> int:
        """Return how much of the base 64 makes whole bytes: four characters make three."""
        excess = (len(raw) - sum(map(raw.count, (b" ", b"\t", b"\r", b"\n")))) % 4
        end = len(raw)
        while excess:
            end -= 1
            excess -= raw[end] not in _WHITE
        return end

    def batch(self, raw: bytes, first: int) -> RawBatch:
        """Return the rows that a piece completes; they are numbered from ``first``.

        Raises
        ------
        BadXml
            The bytes are damaged.
        """
        try:
            self._rest += base64.b64decode(raw.translate(None, _WHITE), validate=True)
        except (binascii.Error, ValueError):
            raise BadXml("is damaged: its rows are not in base 64") from None
        places, used = self._layout.rows(self._rest)
        if not used and len(self._rest) > WIDEST:
            raise BadXml(f"is damaged: a row is longer than {WIDEST >> 20} MiB")
        data = np.frombuffer(self._rest, np.uint8, used)
        arrays = [self._column(data, places, at) for at in self._wanted]
        names = [self._types[at].name for at in self._wanted]
        self._rest = self._rest[used:]
        numbers = np.arange(first, first + len(places))
        return RawBatch(pa.RecordBatch.from_arrays(arrays, names), numbers)

    def finish(self) -> None:
        """Take note that no more comes.

        Raises
        ------
        BadXml
            A row has begun that does not end.
        """
        if self._rest:
            raise BadXml(
                f"is cut off: {len(self._rest)} bytes of a row are there that does not end"
            )

    def _column(self, data: Raw, places: Places, at: int) -> pa.Array:
        kind = self._types[at]
        missing = None
        if self._flags:
            flag = data[places[:, 0] + at // 8] >> (7 - at % 8) & 1
            missing = flag.astype(bool)
        start, count = self._layout.place(data, places, at)
        if kind.is_text:
            return _masked(_texts(kind, data, start, count), missing)
        width = kind.bytes_of(kind.count or 0)
        raw = data[start[:, None] + np.arange(width)]
        values = _numbers(kind, raw.reshape(-1))
        if kind.count == 1:
            return _masked(values, missing)
        mask = None if missing is None else pa.array(missing)
        return pa.FixedSizeListArray.from_arrays(values, kind.count, mask=mask)


class _Layout:
    """Where the columns lie in rows of which some parts vary in length.

    A place is given by an anchor (the beginning of the row, or the end of a varying column) and
    the bytes behind it.
    """

    def __init__(self, types: Sequence[FieldType], flags: int) -> None:
        self._types = types
        self._at: list[tuple[int, int]] = []
        self._gaps: list[int] = []
        self._units: list[int] = []
        anchor, behind = 0, flags
        for kind in types:
            self._at.append((anchor, behind))
            if kind.count is None:
                self._gaps.append(behind)
                self._units.append(kind.step)
                anchor, behind = anchor + 1, 0
            else:
                behind += kind.bytes_of(kind.count)
        self._last = behind
        self._varying = [kind for kind in types if kind.count is None]
        self.least = sum(self._gaps) + 4 * len(self._gaps) + behind

    def rows(self, data: bytes) -> tuple[Places, int]:
        """Return the anchors of the whole rows, and how many bytes they take."""
        if not self._varying:
            count = len(data) // self.least
            return np.arange(count, dtype=np.int64)[:, None] * self.least, count * self.least
        parts = list(zip(self._gaps, self._varying, strict=True))
        found: list[list[int]] = []
        at, there = 0, len(data)
        while at + self.least <= there:
            anchors = [at]
            place = at
            for gap, kind in parts:
                place += gap + 4
                length = int.from_bytes(data[place - 4 : place], "big")
                place += kind.bytes_of(length * kind.step)
                if place > there:
                    break
                anchors.append(place)
            if place + self._last > there:
                break
            found.append(anchors)
            at = place + self._last
        return np.array(found, np.int64).reshape(len(found), len(parts) + 1), at

    def place(self, data: Raw, places: Places, at: int) -> tuple[Places, Places]:
        """Return where the values of a column begin, and how many there are in each row."""
        anchor, behind = self._at[at]
        start = places[:, anchor] + behind
        kind = self._types[at]
        if kind.count is not None:
            return start, np.full(len(start), kind.count)
        lengths = data[start[:, None] + np.arange(4)].reshape(-1).view(">u4").astype(np.int64)
        return start + 4, lengths * kind.step


def _numbers(kind: FieldType, raw: Raw) -> pa.Array:
    if kind.datatype == "bit":
        # Writers do not agree which bit of the byte it is.
        return pa.array(raw != 0)
    if kind.datatype == "boolean":
        true = np.isin(raw, _TRUE)
        return pa.array(true, mask=~true & ~np.isin(raw, _FALSE))
    native: np.dtype[Any] = np.dtype(NUMBERS[kind.datatype].to_pandas_dtype())
    values = raw.view(native.newbyteorder(">")).astype(native)
    if kind.null is None or native.kind not in "iu":
        return pa.array(values)
    return pa.array(values, mask=values.astype(np.int64) == kind.null)


def _texts(kind: FieldType, data: Raw, start: Places, count: Places) -> pa.Array:
    if kind.datatype == "unicodeChar":
        pairs = zip(start.tolist(), count.tolist(), strict=True)
        return pa.array(
            [_unicode(data[at : at + 2 * many].tobytes()) for at, many in pairs], pa.string()
        )
    if kind.count is not None:
        return padded_texts(data[start[:, None] + np.arange(kind.count)])
    offsets = np.zeros(len(start) + 1, np.int32)
    np.cumsum(count, out=offsets[1:])
    at = np.repeat(start - offsets[:-1], count) + np.arange(offsets[-1])
    kept = data[at]
    texts = decoded(
        pa.StringArray.from_buffers(len(start), pa.py_buffer(offsets), pa.py_buffer(kept))
    )
    if kept.all():
        return texts
    return pa.array([text.partition("\0")[0] for text in texts.to_pylist()], pa.string())


def _unicode(raw: bytes) -> str:
    return raw.decode("utf-16-be", "replace").partition("\0")[0].rstrip(" ")


def _masked(values: pa.Array, missing: NDArray[np.bool_] | None) -> pa.Array:
    if missing is None or not missing.any():
        return values
    return pc.if_else(pa.array(missing), pa.scalar(None, values.type), values)
