"""Numbers of Arrow as NumPy has them, with something in the place of nulls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from starledger.catalog.export.kinds import Kind

Values = np.ndarray[Any, Any]


def filled(kind: Kind, column: pa.Array) -> Values:
    """Return the numbers of a column; the smallest integer or NaN where they are null.

    Parameters
    ----------
    kind
        What the column is.
    column
        Of integers or floating point numbers.

    Examples
    --------
    >>> from starledger.catalog.export.kinds import KINDS
    >>> filled(KINDS["smallint"], pa.array([7, None], pa.int16()))
    array([     7, -32768], dtype=int16)
    """
    native = np.dtype(kind.numpy).newbyteorder("=")
    data = column.buffers()[1]
    if data is None:
        return np.empty(0, native)
    values = np.frombuffer(data, native)[column.offset : column.offset + len(column)]
    if not column.null_count:
        return values
    null = native.type(kind.smallest if kind.is_integer else np.nan)
    return np.where(nulls(column), null, values)


def nulls(column: pa.Array) -> Values:
    """Return which values of a column are null.

    Examples
    --------
    >>> nulls(pa.array([7, None, 8]).slice(1))
    array([ True, False])
    """
    marks = column.buffers()[0]
    if marks is None or not column.null_count:
        return np.zeros(len(column), np.bool_)
    valid = np.unpackbits(np.frombuffer(marks, np.uint8), bitorder="little")
    return np.asarray(valid[column.offset : column.offset + len(column)] == 0)
