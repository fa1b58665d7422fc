"""Rows as one document of JSON: what they are, their columns, and a list a row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from starledger.catalog.export.about import About
from starledger.catalog.export.errors import ExportError
from starledger.catalog.export.kinds import kind_of
from starledger.catalog.fields import Field


def write_rows(
    file: BinaryIO, fields: Sequence[Field], batches: Iterable[pa.RecordBatch], about: About
) -> int:
    """Write rows as lists of values in the order of the columns.

    Raises
    ------
    ExportError
        A number is infinite or none, which JSON cannot say.
    """
    said = {"title": about.title, "description": about.description, **dict(about.pairs)}
    columns = [asdict(field) for field in fields]
    file.write(b'{"about": ' + _json(said))
    file.write(b',\n"columns": ' + _json(columns))
    file.write(b',\n"rows": [')
    rows = 0
    for batch in batches:
        if batch.num_rows:
            file.write(b",\n" if rows else b"\n")
            file.write(_lines(fields, batch))
            rows += batch.num_rows
    file.write(b"\n]}\n")
    return rows


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _lines(fields: Sequence[Field], batch: pa.RecordBatch) -> bytes:
    values = [
        pc.fill_null(_spelled(field, column), "null")
        for field, column in zip(fields, batch.columns, strict=True)
    ]
    joined = pc.binary_join_element_wise(*values, ", ").to_pylist()
    return ",\n".join(f"[{row}]" for row in joined).encode()


def _spelled(field: Field, column: pa.Array) -> pa.Array:
    kind = kind_of(field)
    if kind.is_text:
        return _quoted(column)
    if kind.is_float:
        if not pc.all(pc.is_finite(column)).as_py() and column.null_count < len(column):
            raise ExportError(
                f"The column {field.name} holds a number that is infinite or none, which JSON"
                " cannot say.",
                remedy="Leave such rows out, or take another format.",
            )
        # A whole number without a point would come back as an integer, and -0 as 0.
        return pc.replace_substring_regex(column.cast(pa.string()), r"^(-?\d+)$", r"\1.0")
    return column.cast(pa.string())


def _quoted(column: pa.Array) -> pa.Array:
    """Return texts as JSON has them, each different one made once."""
    known = column.dictionary_encode()
    spelled = [json.dumps(one, ensure_ascii=False) for one in known.dictionary.to_pylist()]
    return pa.array(spelled, pa.string()).take(known.indices)
