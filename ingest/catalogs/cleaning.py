"""Clean columns: what a file has in a column becomes numbers or texts, and what cannot is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from starledger.ingest.catalogs.layout import Kind, Null

NOTHING = pa.array(["", "null", "NULL", "Null", "nan", "NaN", "NAN", "None", "N/A", "--", "\\N"])
"""What text files write where there is nothing."""

_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_INFINITE = r"(?i)^[+-]?inf(inity)?$"
_EXACT = 2.0**53
"""Up to here a double precision number holds every integer."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A column after cleaning.

    Parameters
    ----------
    values
        int64, float64 or text, null where nothing is told or the value is bad.
    bad
        Which rows hold something that is not of the wanted kind.
    """

    values: pa.Array
    bad: NDArray[np.bool_]


def clean(column: pa.Array, kind: Kind, nulls: Sequence[Null] = ()) -> Cleaned:
    """Return a column as numbers, whole numbers or texts.

    Parameters
    ----------
    column
        As it stands in the file.
    kind
        What is wanted.
    nulls
        Values that mean "missing"; nothing, NaN and the words for it mean so always.

    Examples
    --------
    >>> clean(pa.array(["5800", "-9999.0", "", "hot"]), "number", [-9999]).values.to_pylist()
    [5800.0, None, None, None]
    """
    column = _plain(column)
    if pa.types.is_string(column.type):
        column = _told(column)
    if kind == "text":
        return Cleaned(_text(column, nulls), _nowhere(column))
    read = _whole if kind == "whole" else _number
    values, bad = read(column)
    return Cleaned(_without(values, nulls), bad)


def _plain(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.dictionary_decode())
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    if pa.types.is_null(kind):
        return column.cast(pa.string())
    return column


def _told(column: pa.Array) -> pa.Array:
    """Return texts without the blanks around them, null where they mean nothing."""
    column = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.is_in(column, value_set=NOTHING), pa.scalar(None, pa.string()), column)


def _nowhere(column: pa.Array) -> NDArray[np.bool_]:
    return np.zeros(len(column), np.bool_)


def _text(column: pa.Array, nulls: Sequence[Null]) -> pa.Array:
    if not pa.types.is_string(column.type):
        column = column.cast(pa.string())
    words = [str(null) for null in nulls]
    if not words:
        return column
    missing = pc.is_in(column, value_set=pa.array(words))
    return pc.if_else(missing, pa.scalar(None, pa.string()), column)


def _number(column: pa.Array) -> tuple[pa.Array, NDArray[np.bool_]]:
    bad = _nowhere(column)
    if pa.types.is_string(column.type):
        column, bad = _parsed(column, pa.float64(), _NUMBER)
    elif pa.types.is_boolean(column.type):
        column = column.cast(pa.int8()).cast(pa.float64())
    else:
        column = column.cast(pa.float64(), safe=False)
    return pc.if_else(pc.is_nan(column), pa.scalar(None, pa.float64()), column), bad


def _whole(column: pa.Array) -> tuple[pa.Array, NDArray[np.bool_]]:
    if pa.types.is_integer(column.type) or pa.types.is_boolean(column.type):
        return column.cast(pa.int64(), safe=False), _nowhere(column)
    if pa.types.is_string(column.type):
        try:
            return column.cast(pa.int64()), _nowhere(column)
        except pa.ArrowInvalid:
            return _whole_text(column)
    return _whole_of_numbers(*_number(column))


def _whole_text(column: pa.Array) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Read whole numbers that are written with a point, as 55862.0, among plain ones."""
    plain = pc.match_substring_regex(column, r"^[+-]?([0-9]{1,18}|[1-8][0-9]{18})$")
    nothing = pa.scalar(None, pa.string())
    exact = pc.if_else(plain, column, nothing).cast(pa.int64())
    others, bad = _whole_of_numbers(*_number(pc.if_else(plain, nothing, column)))
    return pc.coalesce(exact, others), bad


def _whole_of_numbers(
    column: pa.Array, bad: NDArray[np.bool_]
) -> tuple[pa.Array, NDArray[np.bool_]]:
    values = column.fill_null(0.0).to_numpy(zero_copy_only=False)
    with np.errstate(invalid="ignore"):
        broken = ~((np.abs(values) < _EXACT) & (values == np.floor(values)))
    whole = np.where(broken, 0.0, values).astype(np.int64)
    absent = column.is_null().to_numpy(zero_copy_only=False) | broken
    return pa.array(whole, mask=absent), bad | broken


def _parsed(
    column: pa.Array, kind: pa.DataType, pattern: str
) -> tuple[pa.Array, NDArray[np.bool_]]:
    try:
        return column.cast(kind), _nowhere(column)
    except pa.ArrowInvalid:
        nothing = pa.scalar(None, pa.string())
        infinite = pc.match_substring_regex(column, _INFINITE)
        fits = pc.or_(pc.match_substring_regex(column, pattern), infinite)
        values = pc.if_else(fits, column, nothing).cast(kind)
        bad = pc.invert(fits).fill_null(False).to_numpy(zero_copy_only=False)
        return values, cast("NDArray[np.bool_]", bad)


def _without(values: pa.Array, nulls: Sequence[Null]) -> pa.Array:
    sentinels = [null for null in nulls if not isinstance(null, str)]
    if not sentinels:
        return values
    among = pc.is_in(values, value_set=_as(values.type, sentinels))
    return pc.if_else(among, pa.scalar(None, values.type), values)


def _as(kind: pa.DataType, sentinels: Sequence[float]) -> pa.Array:
    """Return sentinels as a column's type holds them, and as single precision rounds them."""
    if pa.types.is_integer(kind):
        return pa.array([int(one) for one in sentinels if float(one).is_integer()], kind)
    rounded = [float(np.float32(one)) for one in sentinels]
    return pa.array([*map(float, sentinels), *rounded], kind)
