"""Writing back: the fits of a batch and the end of its lease, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import cast

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import DataError, IntegrityError
from sqlalchemy import Connection, text

from starledger.compute.work.leases import Failure, Lease, Queue
from starledger.schema.copying import copy_batch
from starledger.schema.tables import SCHEMA

_TALLY = text("""
    INSERT INTO ledger.fit_tally AS t (fit_run_id, worker, device, good, flagged, failed, seconds)
    VALUES (:run, :worker, :device, :good, :flagged, :failed, :seconds)
    ON CONFLICT (fit_run_id, worker) DO UPDATE SET device = excluded.device,
        good = t.good + excluded.good, flagged = t.flagged + excluded.flagged,
        failed = t.failed + excluded.failed, seconds = t.seconds + excluded.seconds,
        last_at = clock_timestamp()
""")


def write_back(
    connection: Connection,
    queue: Queue,
    lease: Lease,
    rows: pa.RecordBatch | None,
    failures: Sequence[Failure] = (),
    *,
    device: str = "cpu",
    seconds: float = 0.0,
) -> Counter[str]:
    """Write fits and end their lease.

    Parameters
    ----------
    connection
        Whose transaction the caller commits, or rolls back where this raises.
    queue, lease
        Who claimed what.
    rows
        Of the table ``fit``, one for each visit of the lease that did not fail.
    failures
        The others.
    device, seconds
        What was at work, and how long: for the tally of the worker.

    Returns
    -------
    How many fits had each outcome, and how many are to be ``tried again``.

    Raises
    ------
    LeaseLost
        The lease expired; nothing may be written.
    ValueError
        A visit of the lease is missing, or is there twice.
    """
    queue.fence(connection, lease)
    kept, refused = (None, []) if rows is None else _copied(connection, rows)
    failures = [*failures, *refused]
    _account_for(lease, kept, failures)
    queue.end(connection, lease, failures)
    counts = _outcomes(kept)
    connection.execute(
        _TALLY,
        {
            "run": queue.fit_run_id,
            "worker": queue.worker,
            "device": device,
            "seconds": seconds,
            **{outcome: counts[outcome] for outcome in ("good", "flagged", "failed")},
        },
    )
    return counts + Counter({"tried again": len(failures)})


def _account_for(lease: Lease, rows: pa.RecordBatch | None, failures: Sequence[Failure]) -> None:
    """Make sure that each visit has a fit or failed: the end of the lease forgets all others."""
    ends = np.array([one.spectrum_id for one in failures], np.int64)
    if rows is not None:
        ends = np.concatenate([rows["spectrum_id"].to_numpy(), ends])
    if not np.array_equal(np.sort(ends), np.sort(lease.spectrum_ids)):
        raise ValueError(
            f"The {len(lease)} visits of the lease {lease.lease_id} do not end as {len(ends)} fits"
            " and failures of the same visits."
        )


def _copied(
    connection: Connection, rows: pa.RecordBatch
) -> tuple[pa.RecordBatch | None, list[Failure]]:
    """Copy rows; if the database refuses one, find it: return those copied, and the refused.

    The transaction must have begun: what is done here is a part of it, and can be undone alone.
    """
    driver = cast("psycopg.Connection[object]", connection.connection.driver_connection)
    kept: list[pa.RecordBatch] = []
    refused: list[Failure] = []
    todo = [rows]
    while todo:
        part = todo.pop()
        try:
            with driver.transaction(), driver.cursor() as cursor:
                copy_batch(cursor, (SCHEMA, "fit"), part)
            kept.append(part)
        except (DataError, IntegrityError) as error:
            half = part.num_rows // 2
            if half:
                todo += [part.slice(half), part.slice(0, half)]
            else:
                refused.append(Failure(part["spectrum_id"][0].as_py(), f"Not to be kept: {error}"))
    if not kept:
        return None, refused
    return pa.Table.from_batches(kept).combine_chunks().to_batches()[0], refused


def _outcomes(rows: pa.RecordBatch | None) -> Counter[str]:
    if rows is None:
        return Counter()
    found = pc.value_counts(rows["outcome"].cast(pa.string())).to_pylist()
    return Counter({one["values"]: one["counts"] for one in found})
