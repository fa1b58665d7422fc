"""A view of a release: its columns and the text of its query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starledger.catalog.fields import Field


@dataclass(frozen=True, slots=True)
class Branch:
    """One of the queries whose rows a view joins together.

    Parameters
    ----------
    expressions
        The SQL of each column, by name; a column that is not among them is null.
    source
        The query from ``FROM`` on.
    """

    expressions: Mapping[str, str]
    source: str


@dataclass(frozen=True, slots=True)
class View:
    """A view: what it holds, and the queries that it is made of.

    Parameters
    ----------
    name
        Its name in the schema of the release.
    description
        One sentence for readers.
    columns
        Its columns, in order.
    branches
        The queries, joined by ``UNION ALL``.
    indexed
        Groups of columns by which a copy is indexed.
    copied
        Whether materialising makes a copy of it.
    sampled_by
        A column of whole numbers that chooses some of many rows; none in a view of few rows.
    """

    name: str
    description: str
    columns: tuple[Field, ...]
    branches: tuple[Branch, ...]
    indexed: tuple[tuple[str, ...], ...] = ()
    copied: bool = True
    sampled_by: str | None = None

    @property
    def definition(self) -> str:
        """The text of the query."""
        return "\nUNION ALL\n".join(_select(self.columns, branch) for branch in self.branches)


def _select(columns: Sequence[Field], branch: Branch) -> str:
    given = branch.expressions
    parts = [
        f"  {given[one.name]} AS {one.name}"
        if one.name in given
        else f"  NULL::{one.type} AS {one.name}"
        for one in columns
    ]
    return "SELECT\n" + ",\n".join(parts) + f"\n{branch.source}"


def quoted(text: str | None) -> str:
    """Return a text as a literal of SQL.

    Examples
    --------
    >>> quoted("Barnard's star"), quoted(None)
    ("'Barnard''s star'", 'NULL')
    """
    if text is None:
        return "NULL"
    doubled = text.replace("'", "''")
    return f"E'{doubled.replace(chr(92), chr(92) * 2)}'" if "\\" in text else f"'{doubled}'"
