"""A run over files that were all read before has nothing to do, and says so."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import Connection, insert, literal, select

from starledger.schema.tables import ClosedRun, IngestFile, IngestRun, RejectedRow

COUNTS = ("n_read", "n_inserted", "n_new_version", "n_unchanged", "n_rejected")
"""What is counted of each file; the first is the sum of the others."""


def checksums(paths: Sequence[Path]) -> list[str]:
    """Return the SHA-256 of each file, hexadecimal."""
    with ThreadPoolExecutor() as threads:
        return list(threads.map(_checksum, paths))


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def same_run_before(
    connection: Connection, data_release_id: int, mapping: str, sha256s: Sequence[str]
) -> int | None:
    """Return the last run of a data release, if it read just these files by the same mapping."""
    last = connection.execute(
        select(IngestRun.run_id, IngestRun.mapping_sha256, ClosedRun.outcome)
        .join(ClosedRun, ClosedRun.run_id == IngestRun.run_id)
        .where(IngestRun.data_release_id == data_release_id)
        .order_by(IngestRun.run_id.desc())
        .limit(1)
    ).first()
    if last is None or last.mapping_sha256 != mapping or last.outcome != "done":
        return None
    read = connection.scalars(
        select(IngestFile.sha256).where(IngestFile.run_id == last.run_id)
    ).all()
    return int(last.run_id) if sorted(read) == sorted(sha256s) else None


def repeat(connection: Connection, earlier: int, run_id: int) -> dict[str, int]:
    """Enter the files and refusals of an earlier run for a run that found nothing changed."""
    files = connection.execute(
        select(IngestFile)
        .where(IngestFile.run_id == earlier)
        .with_only_columns(*IngestFile.__table__.columns)
    ).mappings()
    totals = dict.fromkeys(COUNTS, 0)
    for file in files:
        told = {
            **{name: file[name] for name in ("path", "sha256", "size", "modified_ns", "n_read")},
            "n_inserted": 0,
            "n_new_version": 0,
            "n_unchanged": file["n_read"] - file["n_rejected"],
            "n_rejected": file["n_rejected"],
        }
        connection.execute(insert(IngestFile), {"run_id": run_id, **told})
        for name in totals:
            totals[name] += told[name]
    kept = ("path", "row_number", "external_id", "reason", "content")
    connection.execute(
        insert(RejectedRow).from_select(
            ("run_id", *kept),
            select(literal(run_id), *(getattr(RejectedRow, name) for name in kept)).where(
                RejectedRow.run_id == earlier
            ),
        )
    )
    return totals
