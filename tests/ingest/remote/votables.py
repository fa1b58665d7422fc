"""VOTables written by hand, so that no library reads back only what it wrote itself."""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

Row = Sequence[Any]

TYPES = {16: "boolean", 20: "long", 21: "short", 23: "int", 25: "char", 700: "float", 701: "double"}
"""Datatypes of VOTable by the numbers of PostgreSQL's types."""

_PACKED = {"long": ">q", "short": ">h", "int": ">i", "float": ">f", "double": ">d"}


def votable(
    columns: Mapping[str, str],
    rows: Sequence[Row],
    *,
    status: str = "OK",
    units: Mapping[str, str] | None = None,
    binary: bool = False,
) -> bytes:
    """Return a VOTable; ``status`` OVERFLOW stands behind the rows, as services write it."""
    after = f'<INFO name="QUERY_STATUS" value="{status}"/>' if status != "OK" else ""
    body = _binary2(columns, rows) if binary else _tabledata(rows)
    return _document(
        f'<INFO name="QUERY_STATUS" value="OK"/><TABLE>{_fields(columns, units or {})}'
        f"<DATA>{body}</DATA></TABLE>{after}"
    )


def complaint(message: str) -> bytes:
    """Return the VOTable by which a service refuses."""
    return _document(f'<INFO name="QUERY_STATUS" value="ERROR">{escape(message)}</INFO>')


def _document(inside: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
        f'<RESOURCE type="results">{inside}</RESOURCE></VOTABLE>\n'
    ).encode()


def _fields(columns: Mapping[str, str], units: Mapping[str, str]) -> str:
    fields = []
    for name, datatype in columns.items():
        size = ' arraysize="*"' if datatype == "char" else ""
        unit = f" unit={quoteattr(units[name])}" if name in units else ""
        about = "<DESCRIPTION>what it is</DESCRIPTION>"
        fields.append(
            f'<FIELD name={quoteattr(name)} datatype="{datatype}"{size}{unit}>{about}</FIELD>'
        )
    return "".join(fields)


def _tabledata(rows: Sequence[Row]) -> str:
    cells = (
        "".join(f"<TD>{'' if cell is None else escape(str(cell))}</TD>" for cell in row)
        for row in rows
    )
    return f"<TABLEDATA>{''.join(f'<TR>{row}</TR>' for row in cells)}</TABLEDATA>"


def _binary2(columns: Mapping[str, str], rows: Sequence[Row]) -> str:
    packed = b"".join(_packed(list(columns.values()), row) for row in rows)
    return (
        f'<BINARY2><STREAM encoding="base64">{base64.b64encode(packed).decode()}</STREAM></BINARY2>'
    )


def _packed(datatypes: Sequence[str], row: Row) -> bytes:
    flags = "".join("1" if cell is None else "0" for cell in row)
    flags += "0" * (-len(flags) % 8)
    packed = int(flags, 2).to_bytes(len(flags) // 8, "big")
    for datatype, cell in zip(datatypes, row, strict=True):
        if datatype == "char":
            text = (cell or "").encode()
            packed += struct.pack(">I", len(text)) + text
        elif datatype == "boolean":
            packed += b"T" if cell else b"F"
        else:
            packed += struct.pack(_PACKED[datatype], cell or 0)
    return packed
