"""Texts for formats that hold nothing but ASCII."""

from __future__ import annotations

_SAID = {"χ²": "chi2", "²": "2", "χ": "chi", "…": "...", "−": "-", "–": "-", "—": "-", "≥": ">="}


def plain_ascii(text: str) -> str:
    """Return a text in printable ASCII; what has no likeness becomes a question mark.

    Examples
    --------
    >>> plain_ascii("reduced χ² of 5880–5910 Å")
    'reduced chi2 of 5880-5910 A'
    """
    text = text.replace("Å", "A")
    for given, said in _SAID.items():
        text = text.replace(given, said)
    return "".join(one if " " <= one <= "~" else "?" for one in text)
