"""Reading files back, each with a library that others read them with too."""

from __future__ import annotations

import base64
import io
import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree import ElementTree as ET

import numpy as np
import pyarrow as pa
from astropy.io import fits
from pyarrow import csv, parquet

from starledger.catalog.export.fits.text import unescaped
from starledger.catalog.export.formats import Format
from starledger.catalog.export.kinds import kind_of, schema_of
from starledger.catalog.fields import Field


def read_back(path: Path, format_: Format, fields: Sequence[Field]) -> pa.Table:
    """Return the rows of a file."""
    match format_:
        case Format.FITS:
            return _of_fits(path, fields)
        case Format.VOTABLE:
            return _of_votable(path, fields)
        case Format.PARQUET:
            return parquet.read_table(path).replace_schema_metadata().cast(schema_of(fields))
        case Format.CSV:
            return _of_csv(path.read_bytes(), fields)
        case Format.ECSV:
            body = b"".join(
                line for line in path.read_bytes().splitlines(keepends=True) if line[:2] != b"# "
            )
            return _of_csv(body, fields)
        case Format.JSON:
            rows = json.loads(path.read_bytes())["rows"]
            columns = [[row[place] for row in rows] for place in range(len(fields))]
            return _table(fields, columns)


def _table(fields: Sequence[Field], columns: Sequence[Any]) -> pa.Table:
    schema = schema_of(fields)
    arrays = [pa.array(one, to.type) for one, to in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _of_fits(path: Path, fields: Sequence[Field]) -> pa.Table:
    with fits.open(path, checksum=True, character_as_bytes=True) as file:
        header = file[1].header
        rows = file[1].data.view(np.ndarray)
        columns: list[Any] = []
        for number, field in enumerate(fields, 1):
            values = rows[header[f"TTYPE{number}"]]
            kind = kind_of(field)
            if kind.is_text:
                columns.append([unescaped(one.decode()) if one else None for one in values])
            elif kind.fits == "L":
                known = {ord("T"): True, ord("F"): False, 0: None}
                columns.append([known[one] for one in values.view(np.int8).tolist()])
            else:
                null = values == header[f"TNULL{number}"] if kind.is_integer else np.isnan(values)
                native = values.astype(values.dtype.newbyteorder("="))
                columns.append(pa.array(native, mask=np.asarray(null)))
        return _table(fields, columns)


def _of_votable(path: Path, fields: Sequence[Field]) -> pa.Table:
    """Read the rows one by one: astropy takes a text that is null for an empty one."""
    stream = ET.parse(path).find(".//{*}STREAM")  # noqa: S314 - it is our own
    assert stream is not None
    data = io.BytesIO(base64.b64decode(stream.text or ""))
    rows: list[list[Any]] = []
    while flags := data.read((len(fields) + 7) // 8):
        bits = "".join(f"{one:08b}" for one in flags)
        values = [_value(data, field) for field in fields]
        rows.append([None if bit == "1" else one for bit, one in zip(bits, values, strict=False)])
    return _table(fields, [[row[place] for row in rows] for place in range(len(fields))])


def _value(data: BinaryIO, field: Field) -> Any:
    kind = kind_of(field)
    if kind.is_text:
        (units,) = struct.unpack(">i", data.read(4))
        return data.read(2 * units).decode("utf-16-be")
    if kind.fits == "L":
        return {b"T": True, b"F": False, b"?": None}[data.read(1)]
    letter = {"I": "h", "J": "i", "K": "q", "E": "f", "D": "d"}[kind.fits]
    return struct.unpack(f">{letter}", data.read(struct.calcsize(f">{letter}")))[0]


def _of_csv(data: bytes, fields: Sequence[Field]) -> pa.Table:
    schema = schema_of(fields)
    return csv.read_csv(
        io.BytesIO(data),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=schema,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
