"""What came in: the ingest runs with their counts, and the rows and files that were refused."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from starledger.schema.errors import StarledgerError
from starledger.schema.tables import (
    ClosedRun,
    DataRelease,
    IngestFile,
    IngestRun,
    RejectedRow,
    Run,
    Survey,
)


class NoSuchIngestRun(StarledgerError):
    """There is no ingest run of that number, or none at all."""


@dataclass(frozen=True)
class IngestAccount:
    """An ingest run: what it read, and what became of it."""

    run: int
    data_release: str
    content: str
    layout: str | None
    state: str
    opened_at: dt.datetime
    files: int
    read: int
    inserted: int
    new_version: int
    unchanged: int
    rejected: int
    message: str | None


@dataclass(frozen=True)
class Rejected:
    """A refused row, or a refused file where it has no row number."""

    path: str
    row_number: int | None
    external_id: str | None
    reason: str
    content: str | None


def ingest_runs(connection: Connection, last: int = 20) -> list[IngestAccount]:
    """Return the last ingest runs, the newest first."""
    counted = (
        select(
            IngestFile.run_id,
            func.count().label("files"),
            *(
                func.sum(getattr(IngestFile, f"n_{name}")).label(name)
                for name in ("read", "inserted", "new_version", "unchanged", "rejected")
            ),
        )
        .group_by(IngestFile.run_id)
        .subquery()
    )
    rows = connection.execute(
        select(IngestRun, Run.opened_at, ClosedRun.outcome, ClosedRun.message, counted)
        .with_only_columns(
            IngestRun.run_id,
            Survey.name.label("survey"),
            DataRelease.name,
            DataRelease.version,
            DataRelease.product,
            IngestRun.content,
            IngestRun.layout,
            func.coalesce(ClosedRun.outcome, "open").label("state"),
            Run.opened_at,
            *(
                func.coalesce(counted.c[name], 0).label(name)
                for name in ("files", "read", "inserted", "new_version", "unchanged", "rejected")
            ),
            ClosedRun.message,
        )
        .join(Run, Run.run_id == IngestRun.run_id)
        .join(DataRelease, DataRelease.data_release_id == IngestRun.data_release_id)
        .join(Survey, Survey.survey_id == DataRelease.survey_id)
        .outerjoin(ClosedRun, ClosedRun.run_id == IngestRun.run_id)
        .outerjoin(counted, counted.c.run_id == IngestRun.run_id)
        .order_by(IngestRun.run_id.desc())
        .limit(last)
    )
    return [
        IngestAccount(
            run=row.run_id,
            data_release=f"{row.survey}/{row.name}/{row.version}:{row.product}",
            content=row.content,
            layout=row.layout,
            state=row.state,
            opened_at=row.opened_at,
            files=int(row.files),
            read=int(row.read),
            inserted=int(row.inserted),
            new_version=int(row.new_version),
            unchanged=int(row.unchanged),
            rejected=int(row.rejected),
            message=row.message,
        )
        for row in rows
    ]


def rejected_rows(
    connection: Connection, run_id: int | None = None, limit: int = 1000
) -> list[Rejected]:
    """Return what an ingest run refused, in the order of the files.

    Parameters
    ----------
    connection
        A connection of the owner.
    run_id
        The run; the last one where none is named.
    limit
        At most so many.
    """
    if run_id is None:
        run_id = connection.scalar(select(func.max(IngestRun.run_id)))
    known = connection.scalar(select(IngestRun.run_id).where(IngestRun.run_id == run_id))
    if known is None:
        raise NoSuchIngestRun(
            "Nothing was ingested yet." if run_id is None else f"There is no ingest run {run_id}.",
            remedy="`starledger ingest runs` lists the runs.",
        )
    rows = connection.execute(
        select(
            RejectedRow.path,
            RejectedRow.row_number,
            RejectedRow.external_id,
            RejectedRow.reason,
            RejectedRow.content,
        )
        .where(RejectedRow.run_id == run_id)
        .order_by(RejectedRow.path, RejectedRow.row_number.nulls_first())
        .limit(limit)
    )
    return [Rejected(*row) for row in rows]
