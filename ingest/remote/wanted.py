"""What is to be fetched of a remote service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starledger.ingest.remote.selections import Selection
from starledger.ingest.remote.services import RemoteTable
from starledger.ingest.surveys import Release


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be fetched.

    Parameters
    ----------
    release
        The data release that it belongs to.
    url
        Address of the service.
    table, selection
        Which table, and which of its rows.
    where
        A further condition in ADQL.
    chunk_rows
        About how many rows a file is to have.
    upload_rows
        How many entries of a list are sent along as a table; 0: lists stand in the query.
    sync_rows
        Rows that the service gives at most to a query without a job.
    """

    release: Release
    url: str
    table: RemoteTable
    selection: Selection
    where: str | None = None
    chunk_rows: int = 100_000
    upload_rows: int = 0
    sync_rows: int | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns with the key, which tells pieces apart and orders rows."""
        table = self.table
        return table.columns if table.key in table.columns else (table.key, *table.columns)

    def conditions(self) -> list[str]:
        """Return the conditions of every query."""
        own = [f"({self.where})"] if self.where else []
        return [*self.selection.conditions(self.table), *own]

    def asked(self) -> dict[str, Any]:
        """Return all that decides what the files hold."""
        return {
            "release": str(self.release),
            "url": self.url,
            "table": self.table.name,
            "columns": list(self.columns),
            "key": self.table.key,
            "where": self.where,
            "selection": self.selection.about(),
            "chunk_rows": self.chunk_rows,
            "upload_rows": self.upload_rows,
        }
