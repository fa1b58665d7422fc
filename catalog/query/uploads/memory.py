"""The columns of a table in memory: of astropy, or of whatever gives itself as Arrow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from starledger.catalog.query.errors import UploadRefused
from starledger.catalog.query.uploads.columns import RawColumn
from starledger.catalog.query.uploads.files import too_large


def columns_in_memory(name: str, table: Any, most_bytes: int) -> list[RawColumn]:
    """Return the columns of a table.

    Parameters
    ----------
    name
        What the query calls it.
    table
        An astropy table, or one of Arrow, pandas or polars.
    most_bytes
        Most memory that it may take.

    Raises
    ------
    UploadRefused
        It is none of these, or too large.
    """
    if hasattr(table, "colnames") and hasattr(table, "itercols"):
        columns = list(_of_astropy(name, table))
    elif hasattr(table, "__arrow_c_stream__"):
        columns = list(_of_arrow(pa.table(table)))
    else:
        raise UploadRefused(
            f"The upload {name!r} is a {type(table).__name__}, not a table.",
            remedy="Give the path of a file, or a table of astropy, Arrow, pandas or polars.",
        )
    if sum(one.values.nbytes for one in columns) > most_bytes:
        raise too_large(f"The table {name!r}", most_bytes)
    return columns


def _of_arrow(table: pa.Table) -> Iterator[RawColumn]:
    for field, column in zip(table.schema, table.columns, strict=True):
        said = {key.decode(): text.decode() for key, text in (field.metadata or {}).items()}
        joined = column.combine_chunks()
        values = joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined
        yield RawColumn(
            field.name, values, said.get("unit"), said.get("ucd"), said.get("description")
        )


def _of_astropy(name: str, table: Any) -> Iterator[RawColumn]:
    for column_name in table.colnames:
        column = table[column_name]
        info = column.info
        values = _values(name, column_name, column)
        unit = None if getattr(column, "unit", None) is None else str(column.unit)
        meta = dict(info.meta or {})
        ucd = str(meta.get("ucd") or meta.get("UCD") or "") or None
        yield RawColumn(str(column_name), values, unit, ucd, info.description or None)


def _values(table: str, name: str, column: Any) -> pa.Array:
    mask = getattr(column, "mask", None)
    plain = getattr(column, "unmasked", column)
    if mask is not None and np.ma.isMaskedArray(column):
        plain = column.data.data
    plain = getattr(plain, "value", plain)
    try:
        array: Any = np.asarray(plain)
    except (TypeError, ValueError):
        array = np.empty(0, object)
    if array.dtype.kind not in "biufUS" or len(array) != len(column):
        raise UploadRefused(
            f"The table {table!r} holds {type(column).__name__} in column {name!r}, which no query"
            " can use.",
            remedy="Leave that column out, or give its parts as numbers or texts.",
        )
    if array.ndim > 1:
        return pa.array(list(array.reshape(len(array), -1)))
    missing = None if mask is None else np.broadcast_to(np.asarray(mask, bool), array.shape)
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    if array.dtype.kind == "U":
        return pa.array(array.tolist(), pa.string(), mask=missing)
    return pa.array(array.astype(array.dtype.newbyteorder("=")), mask=missing)
