"""Text that stands for numbers, as in CSV: its type found, or the declared one checked."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from starledger.catalog.query.errors import UploadRefused

_MISSING = r"(?i)^\s*(nan|null)?\s*$"
_WHOLE = r"^[+-]?[0-9]+$"
_PADDED = r"^[+-]?0[0-9]"
_NUMBER = r"(?i)^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$|^[+-]?inf(inity)?$"
_TRUTH = r"(?i)^(true|false)$"

_DECLARED: dict[str, tuple[pa.DataType, str, str]] = {
    "bool": (pa.bool_(), _TRUTH, "True or False"),
    **{
        f"{sign}int{bits}": (pa.int64(), _WHOLE, "an integer")
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    },
    "float16": (pa.float32(), _NUMBER, "a number"),
    "float32": (pa.float32(), _NUMBER, "a number"),
    "float64": (pa.float64(), _NUMBER, "a number"),
}
"""Types of ECSV: what holds them, how they are written, and what they are called."""

_SHOWN = 40


def typed_texts(origin: str, name: str, values: pa.Array, declared: str | None) -> pa.Array:
    """Return what texts stand for; blank ones, ``nan`` and ``null`` for nothing.

    Parameters
    ----------
    origin, name
        What table and column are called in errors.
    values
        The texts.
    declared
        The type that the file declares, in the words of ECSV. Where there is none, it is found:
        integers, else numbers, else truth values, else text. Digits behind a leading zero are
        names, not numbers.

    Raises
    ------
    UploadRefused
        A text is not of the declared type; its row is named.

    Examples
    --------
    >>> typed_texts("stars.csv", "n", pa.array(["7", "", "12"]), None).to_pylist()
    [7, None, 12]
    >>> typed_texts("stars.csv", "n", pa.array(["007", "12"]), None).to_pylist()
    ['007', '12']
    """
    if declared is not None and declared not in _DECLARED:
        return values
    trimmed = _trimmed(values)
    if declared is not None:
        return _as_declared(origin, name, trimmed, declared)
    if trimmed.null_count == len(trimmed):
        return values
    if _all(trimmed, _WHOLE) and not _any(trimmed, _PADDED):
        whole = _integers(trimmed)
        return values if whole is None else whole
    if _all(trimmed, _NUMBER) and not _any(trimmed, _PADDED):
        return _unsigned(trimmed).cast(pa.float64())
    if _all(trimmed, _TRUTH):
        return pc.equal(pc.utf8_lower(trimmed), "true")
    return values


def _trimmed(values: pa.Array) -> pa.Array:
    """Return texts without blanks around them, and null where nothing is said."""
    missing = pc.match_substring_regex(values, _MISSING)
    return pc.if_else(missing, pa.scalar(None, pa.string()), pc.utf8_trim_whitespace(values))


def _as_declared(origin: str, name: str, trimmed: pa.Array, declared: str) -> pa.Array:
    target, pattern, called = _DECLARED[declared]
    bad = pc.index(pc.match_substring_regex(trimmed, pattern), pa.scalar(False)).as_py()
    if bad >= 0:
        raise UploadRefused(
            f"{origin} holds {trimmed[bad].as_py()[:_SHOWN]!r} in column {name!r}, in row"
            f" {bad + 1}, where its header declares {called}.",
            remedy="Mend the value, or leave the field empty.",
        )
    if target == pa.bool_():
        return pc.equal(pc.utf8_lower(trimmed), "true")
    if target != pa.int64():
        return _unsigned(trimmed).cast(target)
    whole = _integers(trimmed)
    if whole is None:
        raise UploadRefused(
            f"{origin} holds integers in column {name!r} that do not fit into 64 bits.",
            remedy="Give that column as text.",
        )
    return whole


def _integers(trimmed: pa.Array) -> pa.Array | None:
    try:
        return _unsigned(trimmed).cast(pa.int64())
    except pa.ArrowInvalid:
        return None


def _unsigned(texts: pa.Array) -> pa.Array:
    """Return texts without a leading plus, which Arrow does not read."""
    return pc.replace_substring_regex(texts, r"^\+", "")


def _all(texts: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(texts, pattern)).as_py())


def _any(texts: pa.Array, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())
