"""The line of a query that is wrong, with a mark under the word."""

from __future__ import annotations

from starledger.catalog.adql.errors import AdqlError


def marked(text: str, error: AdqlError) -> str:
    """Return the line of a query that an error is about, and under it carets below the word.

    Parameters
    ----------
    text
        The query.
    error
        What is wrong with it.
    """
    lines = text.expandtabs(1).splitlines() or [""]
    line = lines[min(max(error.line or 1, 1), len(lines)) - 1]
    at = min(max((error.column or 1) - 1, 0), len(line))
    length = max(1, min(len(error.word or ""), len(line) - at))
    return f"  {line}\n  {' ' * at}{'^' * length}"
