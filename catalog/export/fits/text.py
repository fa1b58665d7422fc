"""Text in the rows of FITS, which knows ASCII alone: as escapes, from which it comes back."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from starledger.catalog.export.strings import Strings

NOTE = (
    "In columns of text, a backslash, a character outside of ASCII and a blank at the end stand "
    "as an escape: \\\\, \\xHH, \\uHHHH or \\UHHHHHHHH. A text of null bytes is null; one of "
    "blanks is empty."
)
"""What the header says of it."""


MARK = ("ESCAPES", "backslash")
"""The keyword by which programs know it."""

_ESCAPE = re.compile(r"\\(\\|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")


def escaped(text: str) -> str:
    r"""Return a text in ASCII, from which `unescaped` makes it again.

    Examples
    --------
    >>> escaped("Cramér"), escaped("a\\b "), escaped("")
    ('Cram\\xe9r', 'a\\\\b\\x20', ' ')
    """
    if not text:
        return " "
    plain = text.replace("\\", "\\\\").encode("ascii", "backslashreplace").decode()
    plain = "".join(one if " " <= one <= "~" else f"\\x{ord(one):02x}" for one in plain)
    return f"{plain[:-1]}\\x20" if plain.endswith(" ") else plain


def unescaped(text: str) -> str:
    r"""Return the text that stands as such in a file.

    Examples
    --------
    >>> unescaped("Cram\\xe9r"), unescaped(escaped(" \\ "))
    ('Cramér', ' \\ ')
    """
    return _ESCAPE.sub(_sign, text.rstrip(" "))


def _sign(found: re.Match[str]) -> str:
    if found[1] == "\\":
        return found[1]
    try:
        sign = chr(int(found[1][1:], 16))
        sign.encode()
    except (OverflowError, ValueError):
        # No escape of ours, as there are none of no character.
        return found[0]
    return sign


def in_ascii(array: pa.Array) -> pa.Array:
    """Return texts as they stand in the rows of a file; most need no change."""
    if _is_plain(Strings.of(array)):
        return array
    return pa.array([None if one is None else escaped(one) for one in array.to_pylist()])


def out_of_ascii(array: pa.Array) -> pa.Array:
    r"""Return texts that stand in the rows of a file as they were before `in_ascii`.

    Examples
    --------
    >>> out_of_ascii(pa.array(["Cram\\xe9r", None, "a"])).to_pylist()
    ['Cramér', None, 'a']
    """
    if not pc.any(pc.match_substring(array, "\\")).as_py():
        return array
    known = array.dictionary_encode()
    return pa.array(map(unescaped, known.dictionary.to_pylist()), pa.string()).take(known.indices)


def _is_plain(strings: Strings) -> bool:
    said = strings.data
    odd = (said < ord(" ")) | (said > ord("~")) | (said == ord("\\"))
    if odd.any() or (strings.lengths[strings.valid] == 0).any():
        return False
    ends = strings.ends[strings.lengths > 0] - 1
    return not bool((said[ends] == ord(" ")).any())


def widest(array: pa.Array) -> int:
    """Return how many bytes the longest of some texts has."""
    return int(pc.max(pc.binary_length(array)).as_py() or 0)


def in_fixed_width(array: pa.Array, width: int) -> np.ndarray[Any, Any]:
    """Return texts as rows of bytes of one width, filled up with null bytes."""
    return Strings.of(array).matrix(width).view(f"S{width}")[:, 0]
