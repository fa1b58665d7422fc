"""Rows of a VOTable that are written as text between tags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from starledger.ingest.catalogs.files.table import CONTENT_KEPT, RawBatch, Refusal
from starledger.ingest.catalogs.files.votable_fields import NUMBERS, FieldType
from starledger.ingest.catalogs.files.votable_head import BadXml, Head

LONGEST = 16 << 20
"""Bytes of a row at most."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_HEX = re.compile(r"0[xX][0-9a-fA-F]{1,16}")
_FLOAT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_SPECIAL = {"NaN": np.nan, "Inf": np.inf, "+Inf": np.inf, "-Inf": -np.inf}
_TRUTHS = {"T": True, "TRUE": True, "1": True, "F": False, "FALSE": False, "0": False}
_ENCODED = re.compile(rb"<[\w.:-]*TD\s[^>]*\bencoding\b")

Cells = list[str | None]


class _Unfit(ValueError):
    """A text is no value of its column."""


class TextRows:
    """Rows as text, which come in pieces of whole rows.

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
        self._types = [types[at] for at in wanted]
        self._wanted = wanted
        self._count = len(types)
        prefix = head.prefix.rstrip(":")
        space = f" xmlns:{prefix}='p'" if prefix else ""
        self._open = f"<?xml version='1.0' encoding='{head.encoding}'?><T{space}>".encode()
        self.end = re.compile(rb"</" + head.prefix.encode() + rb"TABLEDATA\s*>")
        self._row_end = b"</" + head.prefix.encode() + b"TR>"

    def cut(self, raw: bytes) -> int:
        """Return where the last whole row ends.

        Raises
        ------
        BadXml
            There is none in more bytes than a row may have.
        """
        found = raw.rfind(self._row_end)
        if found < 0:
            if len(raw) > LONGEST:
                raise BadXml(f"is damaged: a row is longer than {LONGEST >> 20} MiB")
            return 0
        return found + len(self._row_end)

    def batch(self, raw: bytes, first: int) -> RawBatch:
        """Return the rows of a piece; they are numbered from ``first``.

        Raises
        ------
        BadXml
            The tags are damaged.
        """
        if b"encoding" in raw and _ENCODED.search(raw):
            raise BadXml("holds cells of which each is encoded")
        rows = self._rows(raw)
        faults = {
            at: f"has {len(row)} cells where the table has {self._count} columns"
            for at, row in enumerate(rows)
            if len(row) != self._count
        }
        whole = [at for at in range(len(rows)) if at not in faults]
        arrays = []
        for kind, place in zip(self._types, self._wanted, strict=True):
            values, unfit = _values(kind, [rows[at][place].text for at in whole])
            for at, fault in unfit.items():
                faults.setdefault(whole[at], fault)
            arrays.append(values)
        columns = pa.RecordBatch.from_arrays(arrays, [kind.name for kind in self._types])
        good = np.array([at not in faults for at in whole], bool)
        refused = [Refusal(first + at, faults[at], _content(rows[at])) for at in sorted(faults)]
        numbers = first + np.array(whole, np.int64)
        if columns.num_columns and not good.all():
            columns = columns.filter(pa.array(good))
        return RawBatch(columns, numbers[good], refused)

    def finish(self) -> None:
        """Take note that no more comes: what a row lacks shows in the XML."""

    def _rows(self, raw: bytes) -> list[ET.Element]:
        try:
            root = ET.fromstring(self._open + raw + b"</T>")  # noqa: S314 - no DTD can come here
        except (ET.ParseError, ValueError, LookupError) as error:
            raise BadXml(f"is damaged: {error}") from None
        if any(row.tag.rpartition("}")[2] != "TR" for row in root):
            raise BadXml("is damaged: there are other things than rows among its rows")
        return list(root)


def _content(row: ET.Element) -> str:
    return "|".join(cell.text or "" for cell in row)[:CONTENT_KEPT]


def _values(kind: FieldType, cells: Cells) -> tuple[pa.Array, dict[int, str]]:
    """Return a column, and what is wrong with those cells that are null instead."""
    if kind.is_text:
        return pa.array([cell or None for cell in cells], pa.string()), {}
    if kind.datatype in {"boolean", "bit"} and kind.count == 1:
        return _each(kind, cells, pa.bool_())
    arrow = NUMBERS.get(kind.datatype, pa.bool_())
    if kind.count != 1:
        return _each(kind, cells, pa.list_(arrow, kind.count or 0))
    try:
        texts = pc.utf8_trim_whitespace(pa.array(cells, pa.string()))
        values = pc.if_else(pc.equal(texts, ""), None, texts).cast(arrow)
    except pa.ArrowInvalid:
        return _each(kind, cells, arrow)
    if kind.null is not None and pa.types.is_integer(arrow):
        values = pc.if_else(pc.equal(values.cast(pa.int64()), kind.null), None, values)
    return values, {}


def _each(kind: FieldType, cells: Cells, arrow: pa.DataType) -> tuple[pa.Array, dict[int, str]]:
    """Return a column cell by cell, for what Arrow does not parse."""
    values: list[object] = []
    unfit: dict[int, str] = {}
    for at, cell in enumerate(cells):
        text = (cell or "").strip()
        value = None
        try:
            if text:
                value = _row_value(kind, text)
                pa.scalar(value, arrow)
        except (_Unfit, pa.ArrowInvalid, OverflowError):
            value = None
            unfit[at] = f"has {text[:80]!r} in column {kind.name!r}, which is no {kind.datatype}"
        values.append(value)
    return pa.array(values, arrow), unfit


def _row_value(kind: FieldType, text: str) -> object:
    if kind.count == 1:
        return _value(kind, text)
    values = [_value(kind, part) for part in text.split()]
    if len(values) != kind.count:
        raise _Unfit(text)
    return values


def _value(kind: FieldType, text: str) -> bool | int | float | None:
    if kind.datatype in {"boolean", "bit"}:
        if text in {"?", ""}:
            return None
        if text.upper() not in _TRUTHS:
            raise _Unfit(text)
        return _TRUTHS[text.upper()]
    if kind.datatype in {"float", "double"}:
        if text in _SPECIAL:
            return _SPECIAL[text]
        if not _FLOAT.fullmatch(text):
            raise _Unfit(text)
        return float(text)
    if _HEX.fullmatch(text):
        value = int(text, 16)
    elif _INTEGER.fullmatch(text):
        value = int(text)
    else:
        raise _Unfit(text)
    return None if value == kind.null else value
