"""Text as VOTable's unicodeChar: UTF-16 of many texts at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from starledger.catalog.export.strings import Strings

_CONTINUES = 0x80
_FOUR_BYTES = 0xF0


def in_utf16(strings: Strings) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return the bytes of texts in big-endian UTF-16, and how many units each has.

    Examples
    --------
    >>> import pyarrow as pa
    >>> data, units = in_utf16(Strings.of(pa.array(["aé", "🌟"])))
    >>> data.tobytes().decode("utf-16-be"), units
    ('aé🌟', array([2, 2]))
    """
    data = strings.data
    if not len(data) or data.max() < _CONTINUES:
        return data.astype(">u2").view(np.uint8), strings.lengths.astype(np.int64)
    # A character is as many units as its first byte says: two, where it has four bytes.
    units = ((data & 0xC0) != _CONTINUES).astype(np.int64) + (data >= _FOUR_BYTES)
    counted = np.concatenate([[0], np.cumsum(units)])
    ends = strings.ends
    text = data.tobytes().decode("utf-8").encode("utf-16-be")
    return np.frombuffer(text, np.uint8), counted[ends] - counted[ends - strings.lengths]
