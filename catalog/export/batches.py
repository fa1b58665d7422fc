"""Batches of rows: made to the types that their columns declare, and of the same length each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from starledger.catalog.export.errors import ExportError
from starledger.catalog.export.kinds import schema_of
from starledger.catalog.fields import Field


def conforming(
    fields: Sequence[Field], batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Yield batches with the types of their columns.

    Raises
    ------
    ExportError
        A column holds what its type cannot.
    """
    schema = schema_of(fields)
    for batch in batches:
        if batch.num_columns != len(fields):
            raise ExportError(
                f"There are {batch.num_columns} columns of rows for {len(fields)} names.",
                remedy="Ask for as many columns as are named.",
            )
        if batch.schema.equals(schema):
            yield batch
        else:
            pairs = zip(batch.columns, fields, schema, strict=True)
            columns = [_cast(column, field, to.type) for column, field, to in pairs]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _cast(column: pa.Array, field: Field, to: pa.DataType) -> pa.Array:
    # PostgreSQL's numeric comes as text in a wrapping.
    plain = column.storage if isinstance(column, pa.ExtensionArray) else column
    try:
        return plain.cast(to)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ExportError(
            f"The column {field.name} is no {field.type}: {error}.",
            remedy="Cast it in the query.",
        ) from None


def of_length(rows: int, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the same rows in batches of one length, but for the last.

    Where files hold groups of rows, they must not depend on how the rows came.

    Examples
    --------
    >>> given = [pa.record_batch({"n": [1, 2, 3]}), pa.record_batch({"n": [4, 5]})]
    >>> [batch.num_rows for batch in of_length(2, given)]
    [2, 2, 1]
    """
    waiting: list[pa.RecordBatch] = []
    held = 0
    for batch in batches:
        start = 0
        while start < batch.num_rows:
            part = batch.slice(start, rows - held)
            waiting.append(part)
            start += part.num_rows
            held += part.num_rows
            if held == rows:
                yield pa.concat_batches(waiting)
                waiting, held = [], 0
    if waiting:
        yield pa.concat_batches(waiting)
