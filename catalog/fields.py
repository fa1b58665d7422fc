"""A column of a table that users see: its name, its type, and what its readers must know."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a view, of an upload, or of an answer.

    Parameters
    ----------
    name
        Its name.
    type
        Its type in PostgreSQL.
    unit, ucd, description
        As everywhere in the ledger.
    """

    name: str
    type: str
    unit: str
    ucd: str
    description: str

    def named(self, name: str) -> Field:
        """Return the column under another name."""
        return replace(self, name=name)

    def described(self, description: str) -> Field:
        """Return the column with another description."""
        return replace(self, description=description)

    @property
    def comment(self) -> str:
        """The comment in the database."""
        return f"{self.description} [{self.unit}; {self.ucd}]"
