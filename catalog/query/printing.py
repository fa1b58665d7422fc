"""An answer on stdout for programs: CSV or JSON, with all digits."""

from __future__ import annotations

import datetime as dt
import json
import math
import sys

import numpy as np
import pyarrow as pa
import pyarrow.csv

from starledger.catalog.query.answer import Answer


def print_csv(answer: Answer) -> None:
    """Print an answer as CSV: a line of names, all digits, nothing for what is null."""
    names = [one.name for one in answer.fields]
    plain = [
        pa.chunked_array([[None if one is None else str(one) for one in column.to_pylist()]])
        if pa.types.is_nested(column.type)
        else column
        for column in answer.rows.columns
    ]
    table = pa.Table.from_arrays(plain, names)
    sys.stdout.flush()
    options = pyarrow.csv.WriteOptions(quoting_style="needed")
    pyarrow.csv.write_csv(table, sys.stdout.buffer, options)
    sys.stdout.buffer.flush()


def print_json(answer: Answer) -> None:
    """Print an answer as JSON: what its columns are, its rows, and whether it was cut."""
    said = {
        **dict(answer.about.pairs),
        "truncated": answer.truncated,
        "notes": answer.notes,
        "columns": [
            {"name": one.name, "type": one.type, "unit": one.unit, "ucd": one.ucd,
             "description": one.description}
            for one in answer.fields
        ],
    }  # fmt: skip
    head = json.dumps(said, indent=1, ensure_ascii=False)
    columns = [_plain(column) for column in answer.rows.columns]
    lines = [json.dumps(row, ensure_ascii=False) for row in zip(*columns, strict=True)]
    rows = ",\n  ".join(lines)
    sys.stdout.write(f'{head[:-2]},\n "rows": [\n  {rows}\n ]\n}}\n')


def _plain(column: pa.ChunkedArray) -> list[object]:
    """Return values that JSON can hold: it has neither infinities nor times."""
    values = column.to_pylist()
    if column.type == pa.float32():
        # The shortest text that is the same number of 32 bits.
        values = [one if one is None else float(str(np.float32(one))) for one in values]
    if pa.types.is_floating(column.type):
        return [one if one is None or math.isfinite(one) else str(one) for one in values]
    return [str(one) if isinstance(one, dt.date | dt.timedelta) else one for one in values]
