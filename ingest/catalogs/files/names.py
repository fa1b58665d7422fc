"""The names of a file's columns: each once, and found by what the file calls it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from starledger.ingest.catalogs.files.source import Source

_SHOWN = 5


def checked_names(source: Source, names: Sequence[str]) -> list[str]:
    """Return the columns' names without blanks around them; a column may have none.

    Raises
    ------
    UnreadableTable
        Two columns have one name, so that it does not say which is meant.
    """
    stripped = [name.strip() for name in names]
    twice = [name for name, count in Counter(stripped).items() if count > 1 and name]
    if twice:
        shown = ", ".join(map(repr, twice[:_SHOWN])) + (", …" if twice[_SHOWN:] else "")
        raise source.unreadable(
            f"has several columns of one name: {shown}", "Give every column a name of its own."
        )
    return stripped


def places(source: Source, names: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Return where the wanted columns stand.

    Raises
    ------
    UnreadableTable
        Some are not there; they are named.
    """
    at = {name: place for place, name in enumerate(names) if name}
    missing = [name for name in wanted if name not in at]
    if missing:
        shown = ", ".join(map(repr, missing))
        raise source.unreadable(f"has no column {shown}", "Say which column is meant.")
    return [at[name] for name in wanted]
