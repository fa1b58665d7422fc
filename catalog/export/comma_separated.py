"""Rows as comma-separated values (RFC 4180): null is nothing, and text stands in quotes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import BinaryIO

import pyarrow as pa
from pyarrow import csv

from starledger.catalog.export.about import About
from starledger.catalog.export.errors import ExportError
from starledger.catalog.export.kinds import kind_of, schema_of
from starledger.catalog.fields import Field


def write_rows(
    file: BinaryIO,
    fields: Sequence[Field],
    batches: Iterable[pa.RecordBatch],
    about: About,  # noqa: ARG001 - the format has no place for it
) -> int:
    """Write rows under the names of their columns.

    Numbers have as many digits as bring the same number back. An empty text stands as two quotes
    and a null as nothing between commas.

    Raises
    ------
    ExportError
        A column holds arrays.
    """
    for field in fields:
        if kind_of(field).is_array:
            raise ExportError(
                f"The column {field.name} holds arrays, which comma-separated values cannot.",
                remedy="Leave it out, or take another format.",
            )
    options = csv.WriteOptions(eol="\r\n")
    rows = 0
    with csv.CSVWriter(file, schema_of(fields), write_options=options) as writer:
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows
