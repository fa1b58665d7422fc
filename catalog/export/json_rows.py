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
from starledger.catalog.export.kinds import Kind, kind_of
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
        spelled(field, kind_of(field), column)
        for field, column in zip(fields, batch.columns, strict=True)
    ]
    joined = pc.binary_join_element_wise(*values, ", ").to_pylist()
    return ",\n".join(f"[{row}]" for row in joined).encode()


def spelled(field: Field, kind: Kind, column: pa.Array) -> pa.Array:
    """Return the values of a column as JSON has them, as text.

    Raises
    ------
    ExportError
        A number is infinite or none.
    """
    if kind.is_array:
        return _spelled_arrays(field, kind, column)
    return pc.fill_null(_spelled(field, kind, column), "null")


def _spelled_arrays(field: Field, kind: Kind, column: pa.Array) -> pa.Array:
    filled = column.fill_null(pa.scalar([], kind.arrow))
    values = spelled(field, kind.value, filled.flatten())
    ends = pc.cumulative_sum(filled.value_lengths().cast(pa.int32()))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, values), ", ")
    arrays = pc.binary_join_element_wise("[", joined, "]", "")
    return pc.if_else(column.is_null(), "null", arrays)


def _spelled(field: Field, kind: Kind, column: pa.Array) -> pa.Array:
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
