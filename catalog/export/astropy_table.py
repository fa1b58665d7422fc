"""Rows as a table of astropy, with units, descriptions and UCDs, and nulls masked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from astropy.table import Column, MaskedColumn, Table
from astropy.units import Unit

from starledger.catalog.export.about import About
from starledger.catalog.export.kinds import Kind, kind_of
from starledger.catalog.export.values import filled
from starledger.catalog.fields import Field
from starledger.schema.units import DIMENSIONLESS


def to_table(fields: Sequence[Field], rows: pa.Table, about: About) -> Table:
    """Return rows as a table of astropy.

    Integers keep all their digits. A column with nulls is masked; one without is not. Arrays of one
    length are a matrix, others arrays of NumPy; in them NaN or the smallest integer stand for null.

    Parameters
    ----------
    fields
        The columns.
    rows
        The rows, with these columns.
    about
        What the table says of itself, in its ``meta``.
    """
    table = Table(
        meta={"title": about.title, "description": about.description, **dict(about.pairs)}
    )
    for number, field in enumerate(fields):
        table[field.name] = _column(field, rows.column(number))
    return table


def _column(field: Field, rows: pa.ChunkedArray) -> Column:
    kind = kind_of(field)
    masked = rows.null_count > 0
    values = _values(kind, rows.cast(kind.arrow).combine_chunks())
    about = {
        "unit": None if field.unit == DIMENSIONLESS else Unit(field.unit),
        "description": field.description,
        "meta": {"ucd": field.ucd},
    }
    if not masked:
        return Column(values, **about)
    return MaskedColumn(values, mask=rows.is_null().to_numpy(), **about)


def _values(kind: Kind, rows: pa.Array) -> np.ndarray[Any, Any]:
    if kind.is_array:
        return _arrays(kind, rows)
    if kind.is_text:
        return np.asarray(rows.fill_null("").to_pylist(), dtype=np.str_)
    empty = False if kind.fits == "L" else 0
    return np.asarray(rows.fill_null(empty).to_numpy(zero_copy_only=False))


def _arrays(kind: Kind, rows: pa.Array) -> np.ndarray[Any, Any]:
    """Return a matrix where all arrays are of one length, else an array of arrays."""
    elements = filled(kind.value, rows.flatten())
    lengths = rows.value_lengths()
    counts = np.asarray(lengths.fill_null(0).to_numpy(zero_copy_only=False))
    if not rows.null_count and len(set(counts)) == 1:
        return elements.reshape(len(rows), -1)
    parts = np.empty(len(rows), object)
    for row, part in enumerate(np.split(elements, np.cumsum(counts)[:-1])[: len(rows)]):
        parts[row] = part
    return parts
