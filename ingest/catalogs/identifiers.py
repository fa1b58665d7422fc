"""Identifiers of rows that are made of several columns."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def dashed(*parts: pa.Array) -> pa.Array:
    """Return texts or whole numbers with dashes between them, null where one is missing.

    Examples
    --------
    >>> dashed(pa.array([7, 8]), pa.array(["a", None])).to_pylist()
    ['7-a', None]
    """
    return _between("-", *parts)


def dotted(*parts: pa.Array) -> pa.Array:
    """Return texts or whole numbers with points between them, null where one is missing."""
    return _between(".", *parts)


def padded(numbers: pa.Array, width: int) -> pa.Array:
    """Return whole numbers as texts of at least a width, with zeros in front.

    Examples
    --------
    >>> padded(pa.array([7, 12345]), 4).to_pylist()
    ['0007', '12345']
    """
    return pc.utf8_lpad(pc.cast(numbers, pa.string()), width, "0")


def _between(sign: str, *parts: pa.Array) -> pa.Array:
    texts = (pc.cast(part, pa.string()) for part in parts)
    return pc.binary_join_element_wise(*texts, sign, null_handling="emit_null")
