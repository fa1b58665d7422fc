"""Rows as ECSV: comma-separated values under a head of YAML, which astropy reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from starledger.catalog.export.about import About
from starledger.catalog.export.json_rows import spelled
from starledger.catalog.export.kinds import kind_of
from starledger.catalog.fields import Field
from starledger.schema.units import DIMENSIONLESS


def write_rows(
    file: BinaryIO, fields: Sequence[Field], batches: Iterable[pa.RecordBatch], about: About
) -> int:
    """Write rows under a head that says what their columns are.

    A null is nothing between commas; an empty text stands as two quotes. Arrays are lists of JSON.
    """
    file.writelines(f"# {line}\n".encode() for line in _head(fields, about))
    schema = pa.schema(
        [(field.name, pa.string() if _is_said(field) else kind_of(field).arrow) for field in fields]
    )
    options = csv.WriteOptions(quoting_header="needed")
    rows = 0
    with csv.CSVWriter(file, schema, write_options=options) as writer:
        for batch in batches:
            columns = [
                _in_words(field, column) if _is_said(field) else column
                for field, column in zip(fields, batch.columns, strict=True)
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
            rows += batch.num_rows
    return rows


def _head(fields: Sequence[Field], about: About) -> Iterator[str]:
    yield "%ECSV 1.0"
    yield "---"
    yield "delimiter: ','"
    yield "datatype:"
    for field in fields:
        yield f"- {json.dumps(_said(field), ensure_ascii=False)}"
    yield "meta:"
    pairs = (("title", about.title), ("description", about.description), *about.pairs)
    for key, value in pairs:
        yield f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
    yield "schema: astropy-2.0"


def _said(field: Field) -> dict[str, Any]:
    unit = {} if field.unit == DIMENSIONLESS else {"unit": field.unit}
    kind = kind_of(field)
    arrays = {"datatype": "string", "subtype": f"{kind.ecsv}[null]"}
    return {
        "name": field.name,
        **unit,
        **(arrays if kind.is_array else {"datatype": kind.ecsv}),
        "description": field.description,
        "meta": {"ucd": field.ucd},
    }


def _is_said(field: Field) -> bool:
    """Tell whether a column's values are written as words of ECSV's own."""
    return kind_of(field).fits == "L" or kind_of(field).is_array


def _in_words(field: Field, column: pa.Array) -> pa.Array:
    if kind_of(field).is_array:
        said = spelled(field, kind_of(field), column)
        return pc.if_else(column.is_null(), pa.scalar(None, pa.string()), said)
    words = pa.array(["False", "True"])
    return words.take(column.cast(pa.int8()))
