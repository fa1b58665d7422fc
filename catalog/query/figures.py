"""Numbers of a column as people read them: with as many digits as mean something."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from starledger.catalog.fields import Field
from starledger.schema.prefixes import ERROR

NULL = "–"
MOST_DECIMALS = 8

_DIGITS = {"real": 5, "double precision": 7}
"""Figures that are shown of a number whose error is not known."""
_OF_ERROR = 2
"""Figures that are shown of an error, and of its number as far."""
_SMALLEST, _LARGEST = 1e-4, 1e9
"""Numbers beyond are shown with powers of ten."""


def shown_columns(fields: Sequence[Field], rows: pa.Table) -> list[list[str]]:
    """Return the values of each column as text.

    A number is rounded by its error where that stands beside it, else to five figures (``real``)
    or seven; positions in degrees to 0.04 arcseconds and better.

    Parameters
    ----------
    fields, rows
        A table.
    """
    at = {one.name: place for place, one in enumerate(fields)}
    shown = []
    for place, field in enumerate(fields):
        error = at.get(ERROR.text + field.name)
        if field.name.startswith(ERROR.text):
            error = place
        scale = None if error is None else _typical(rows.column(error))
        shown.append(_shown(field, rows.column(place), scale))
    return shown


def _shown(field: Field, column: pa.ChunkedArray, error: float | None) -> list[str]:
    if not pa.types.is_floating(column.type):
        return [_cell(value) for value in column.to_pylist()]
    largest = pc.max(pc.abs(column)).as_py()
    pattern = _pattern(field, largest, error)
    return [NULL if value is None else format(value, pattern) for value in column.to_pylist()]


def _pattern(field: Field, largest: float | None, error: float | None) -> str:
    """Return how numbers of a column are formatted.

    Examples
    --------
    >>> teff = Field("teff", "real", "K", "phys.temperature.effective", "")
    >>> _pattern(teff, 5772.4, 31.0), _pattern(teff, 5772.4, None), _pattern(teff, 3e-7, None)
    ('.0f', '.1f', '.4e')
    """
    digits = _DIGITS.get(field.type, 7)
    if not largest or not math.isfinite(largest):
        return ".1f"
    if not _SMALLEST <= largest < _LARGEST:
        return f".{digits - 1}e"
    if error:
        decimals = _OF_ERROR - 1 - math.floor(math.log10(error))
    elif field.unit == "deg" and field.type == "double precision":
        decimals = 6
    else:
        decimals = digits - 1 - math.floor(math.log10(largest))
    return f".{min(max(decimals, 0), MOST_DECIMALS)}f"


def _typical(column: pa.ChunkedArray) -> float | None:
    """Return the median of what is positive, or None."""
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        return None
    values = np.asarray(pc.cast(column, pa.float64(), safe=False).to_numpy())
    positive = values[np.isfinite(values) & (values > 0)]
    return float(np.median(positive)) if len(positive) else None


def _cell(value: object) -> str:
    match value:
        case None:
            return NULL
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(_cell(one) for one in value)
        case _:
            return str(value)
