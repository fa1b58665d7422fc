"""Texts for headers and pages that hold nothing but ASCII."""

from __future__ import annotations

import unicodedata

_WORDS = {
    "α": "alpha", "σ": "sigma", "χ²": "chi2", "χ": "chi", "λ": "lambda", "μ": "mu", "Å": "Angstrom",
    "–": "-", "—": "-", "−": "-", "²": "2", "±": "+/-", "×": "x", "≤": "<=", "≥": ">=", "°": " deg",
    "…": "...", "’": "'", "“": '"', "”": '"', "⁻": "-", "→": "->",
}  # fmt: skip


def plain_ascii(text: str) -> str:
    """Return a text with Greek letters spelled out, and without accents.

    What has no likeness becomes a question mark.

    Examples
    --------
    >>> plain_ascii("The χ² of the Cramér–Rao bound at 5880 Å")
    'The chi2 of the Cramer-Rao bound at 5880 Angstrom'
    """
    for sign, word in _WORDS.items():
        text = text.replace(sign, word)
    split = unicodedata.normalize("NFKD", " ".join(text.split()))
    kept = "".join(one for one in split if not unicodedata.combining(one))
    return kept.encode("ascii", "replace").decode()
