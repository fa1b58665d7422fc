"""Finding what was published: releases by name, and the newest one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from starledger.catalog.releases.errors import NoSuchRelease

RELEASES = """
SELECT r.release_id, r.name, r.run_id, r.title, r.description, r.citation, r.doi, r.licence,
    r.manifest, c.closed_at, c.summary, w.action, w.reason
FROM ledger.release r LEFT JOIN ledger.closed_run c USING (run_id)
LEFT JOIN LATERAL (
    SELECT action, reason FROM ledger.withdrawal w WHERE w.release_id = r.release_id
    ORDER BY w.run_id DESC LIMIT 1) w ON true
ORDER BY r.release_id
"""


@dataclass(frozen=True, slots=True)
class PublishedRelease:
    """A release as the ledger keeps it.

    Parameters
    ----------
    release_id, name, run_id, title, description, citation, doi, licence
        Its row.
    manifest
        Its manifest.
    published_at
        When.
    manifest_sha256, own_tables
        What the run that published it says of the manifest, and of the rows that describe it.
    withdrawn
        Why it was taken back, if it was.
    """

    release_id: int
    name: str
    run_id: int
    title: str
    description: str
    citation: str | None
    doi: str | None
    licence: str
    manifest: dict[str, Any]
    published_at: dt.datetime | None
    manifest_sha256: str | None
    own_tables: list[dict[str, Any]]
    withdrawn: str | None

    def relation(self, view: str) -> str:
        """Return where to read a view fastest: its copy, or itself."""
        copied = self.manifest.get("views", {}).get(view, {}).get("materialised", False)
        return f"{self.name}_data.{view}" if copied else f"{self.name}.{view}"

    def stars_of(self, model: str) -> str:
        """Return where to read all labels of stars by a model: of a single one, with the stars."""
        view = f"star_{model}"
        return self.relation(view if view in self.manifest.get("views", {}) else "star")

    def recommended(self) -> dict[str, str]:
        """Return the model that it recommends for each label."""
        found: dict[str, str] = self.manifest.get("recommended", {})
        return found


def releases(connection: Connection) -> list[PublishedRelease]:
    """Return all releases, in the order of their publication."""
    return [_release(row) for row in connection.execute(text(RELEASES))]


def find_release(connection: Connection, name: str | None = None) -> PublishedRelease:
    """Return a release by its name, or the newest one that was not withdrawn.

    Raises
    ------
    NoSuchRelease
        There is none.
    """
    known = releases(connection)
    wanted = [one for one in known if (one.withdrawn is None if name is None else one.name == name)]
    if not wanted:
        raise NoSuchRelease(
            "Nothing is published yet." if name is None else f"There is no release {name!r}.",
            remedy="`starledger release list` shows all.",
        )
    return wanted[-1]


def _release(row: Row[Any]) -> PublishedRelease:
    summary = row.summary or {}
    return PublishedRelease(
        release_id=row.release_id,
        name=row.name,
        run_id=row.run_id,
        title=row.title,
        description=row.description,
        citation=row.citation,
        doi=row.doi,
        licence=row.licence,
        manifest=row.manifest,
        published_at=row.closed_at,
        manifest_sha256=summary.get("manifest_sha256"),
        own_tables=summary.get("tables", []),
        withdrawn=row.reason if row.action == "withdrawn" else None,
    )
