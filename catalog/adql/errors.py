"""What can be wrong with a query: at which word, and what was perhaps meant."""

from __future__ import annotations

from starledger.schema.errors import StarledgerError


class AdqlError(StarledgerError):
    """A query is not ADQL, or asks for what is not there.

    Parameters
    ----------
    what
        What is wrong.
    remedy
        What to do about it.
    line, column
        Where in the query, both from 1.
    word
        What stands there.
    suggestion
        What was perhaps meant.

    Examples
    --------
    >>> error = AdqlError(
    ...     "There is no column tef.", remedy="", line=1, column=8, word="tef", suggestion="teff"
    ... )
    >>> str(error)
    'Line 1, column 8: There is no column tef. Did you mean teff?'
    """

    def __init__(
        self,
        what: str,
        *,
        remedy: str,
        line: int,
        column: int,
        word: str,
        suggestion: str | None = None,
    ) -> None:
        meant = f"Did you mean {suggestion}?" if suggestion else ""
        super().__init__(
            f"Line {line}, column {column}: {what}", remedy=f"{meant} {remedy}".strip()
        )
        self.line = line
        self.column = column
        self.word = word
        self.suggestion = suggestion

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.what, self.remedy, self.line, self.column, self.word,
                           self.suggestion))  # fmt: skip


def _rebuild(
    what: str, remedy: str, line: int, column: int, word: str, suggestion: str | None
) -> AdqlError:
    error = AdqlError("", remedy="", line=line, column=column, word=word, suggestion=suggestion)
    error.what, error.remedy = what, remedy
    error.args = (what, remedy)
    return error


def place(text: str, offset: int) -> tuple[int, int]:
    """Return the line and the column of a character of a text, both from 1.

    Examples
    --------
    >>> place("SELECT a\\nFROM b", 14)
    (2, 6)
    """
    before = text[: max(offset, 0)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
