"""Text in FITS, which knows ASCII alone: as escapes in rows, and as plain words in headers."""

from __future__ import annotations

import codecs
import unicodedata
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

_WORDS = {
    "α": "alpha", "σ": "sigma", "χ²": "chi2", "χ": "chi", "λ": "lambda", "μ": "mu", "Å": "Angstrom",
    "–": "-", "—": "-", "−": "-", "²": "2", "±": "+/-", "×": "x", "≤": "<=", "≥": ">=", "°": " deg",
    "…": "...", "’": "'", "“": '"', "”": '"', "⁻": "-", "→": "->",
}  # fmt: skip


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
    return codecs.decode(text.rstrip(" "), "unicode_escape")


def in_ascii(array: pa.Array) -> pa.Array:
    """Return texts as they stand in the rows of a file; most need no change."""
    if _is_plain(Strings.of(array)):
        return array
    return pa.array([None if one is None else escaped(one) for one in array.to_pylist()])


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


def plain(text: str) -> str:
    """Return words for a header, in which Greek letters are spelled out and accents left out.

    Examples
    --------
    >>> plain("The χ² of the Cramér–Rao bound at 5880 Å")
    'The chi2 of the Cramer-Rao bound at 5880 Angstrom'
    """
    for sign, word in _WORDS.items():
        text = text.replace(sign, word)
    split = unicodedata.normalize("NFKD", " ".join(text.split()))
    kept = "".join(one for one in split if not unicodedata.combining(one))
    return kept.encode("ascii", "backslashreplace").decode()


def in_fixed_width(array: pa.Array, width: int) -> np.ndarray[Any, Any]:
    """Return texts as rows of bytes of one width, filled up with null bytes."""
    return Strings.of(array).matrix(width).view(f"S{width}")[:, 0]
