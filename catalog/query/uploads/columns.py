"""Columns of an uploaded table: of PostgreSQL's types, what is missing null, or refused by row."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from starledger.catalog.query.errors import UploadRefused
from starledger.catalog.query.uploads.texts import typed_texts

_TYPES: dict[pa.DataType, tuple[pa.DataType, str]] = {
    pa.bool_(): (pa.bool_(), "boolean"),
    pa.int8(): (pa.int16(), "smallint"),
    pa.uint8(): (pa.int16(), "smallint"),
    pa.int16(): (pa.int16(), "smallint"),
    pa.uint16(): (pa.int32(), "integer"),
    pa.int32(): (pa.int32(), "integer"),
    pa.uint32(): (pa.int64(), "bigint"),
    pa.int64(): (pa.int64(), "bigint"),
    pa.uint64(): (pa.int64(), "bigint"),
    pa.float16(): (pa.float32(), "real"),
    pa.float32(): (pa.float32(), "real"),
    pa.float64(): (pa.float64(), "double precision"),
    pa.string(): (pa.string(), "text"),
}
"""Of each type of Arrow's: the one that holds its values, and PostgreSQL's name of that."""


@dataclass(frozen=True, slots=True)
class RawColumn:
    """A column as a file or a table in memory gives it.

    Parameters
    ----------
    name
        Its name.
    values
        Its values.
    unit, ucd, description
        What is said about it, if anything is.
    written
        Whether its values are text that stands for something else, as in CSV.
    declared
        The type that the file declares for such text, in the words of ECSV.
    blank_is_null
        Whether a blank text means that there is none.
    """

    name: str
    values: pa.Array
    unit: str | None = None
    ucd: str | None = None
    description: str | None = None
    written: bool = False
    declared: str | None = None
    blank_is_null: bool = False


def holds_several(column: RawColumn) -> bool:
    """Tell whether rows of a column hold several values, which ADQL has no words for."""
    return bool(pa.types.is_nested(column.values.type))


def typed(origin: str, column: RawColumn) -> tuple[pa.Array, str]:
    """Return the values as they are sent, and PostgreSQL's name of their type.

    Parameters
    ----------
    origin
        What the table is called in errors.
    column
        The column.

    Raises
    ------
    UploadRefused
        A value cannot be kept; its row is named.
    """
    values = _plain(column.values)
    if column.written:
        values = typed_texts(origin, column.name, values, column.declared)
    kind = values.type
    if kind not in _TYPES:
        raise UploadRefused(
            f"{origin} holds {kind} in column {column.name!r}, which no query can use.",
            remedy="Leave that column out.",
        )
    target, name = _TYPES[kind]
    if pa.types.is_floating(kind):
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, kind), values)
    elif pa.types.is_string(kind):
        _refuse_bad_texts(origin, column.name, values)
        if column.blank_is_null:
            blank = pc.equal(pc.utf8_trim_whitespace(values), "")
            values = pc.if_else(blank, pa.scalar(None, kind), values)
    elif kind == pa.uint64():
        _refuse_too_large(origin, column.name, values)
    return values.cast(target), name


def _plain(values: pa.Array) -> pa.Array:
    """Return values of types that have several forms in one of them."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _plain(values.dictionary_decode())
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind):
        return values.cast(pa.string())
    if pa.types.is_temporal(kind):
        return pc.cast(values, pa.string())
    if pa.types.is_decimal(kind):
        return values.cast(pa.float64())
    return values


def _refuse_bad_texts(origin: str, name: str, values: pa.Array) -> None:
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        texts = values.cast(pa.binary()).to_pylist()
        row = next(at for at, text in enumerate(texts, 1) if not _is_utf8(text))
        raise UploadRefused(
            f"{origin} holds bytes in column {name!r} that are not UTF-8, in row {row}.",
            remedy="Convert the file to UTF-8.",
        ) from None
    zero = pc.index(pc.match_substring(values, "\0"), pa.scalar(True)).as_py()
    if zero >= 0:
        raise UploadRefused(
            f"{origin} holds a text with a zero byte in column {name!r}, in row {zero + 1}.",
            remedy="Take it out: no database keeps it.",
        )


def _is_utf8(raw: bytes | None) -> bool:
    try:
        return raw is None or bool(raw.decode() or True)
    except UnicodeDecodeError:
        return False


def _refuse_too_large(origin: str, name: str, values: pa.Array) -> None:
    large = pc.greater(values, pa.scalar(2**63 - 1, pa.uint64()))
    row = pc.index(large, pa.scalar(True)).as_py()
    if row >= 0:
        raise UploadRefused(
            f"{origin} holds {values[row].as_py()} in column {name!r}, in row {row + 1}, which"
            " no integer of 64 bits with a sign can be.",
            remedy="Give that column as text.",
        )
