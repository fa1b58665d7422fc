"""Where fit runs stand: counted from tallies and leases, however many visits wait."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class WorkerStanding:
    """What a worker has done in a run.

    Parameters
    ----------
    worker, device
        Its name, and what it computes on.
    fitted
        Visits that it fitted, failed ones included.
    seconds
        That its device was at work.
    first_at, last_at
        When it wrote first and last.
    holds
        Visits that it holds now.
    """

    worker: str
    device: str
    fitted: int
    seconds: float
    first_at: dt.datetime
    last_at: dt.datetime
    holds: int


@dataclass(frozen=True, slots=True)
class RunStanding:
    """Where a fit run stands.

    Parameters
    ----------
    run, model, selection
        The run, the model that it applies, and to what.
    planned
        Visits; the others add up to it.
    good, flagged, failed
        Those that have a fit, by its outcome.
    aside
        Those that were given up after several attempts.
    leased
        Those that workers hold now.
    pending
        Those that wait.
    outcome
        ``open``, ``done`` or ``failed``.
    workers
        Who fitted.
    """

    run: int
    model: str
    selection: str
    planned: int
    good: int
    flagged: int
    failed: int
    aside: int
    leased: int
    pending: int
    outcome: str
    workers: tuple[WorkerStanding, ...] = ()

    @property
    def fitted(self) -> int:
        """Visits that have a fit, good, flagged or failed."""
        return self.good + self.flagged + self.failed

    @property
    def waiting(self) -> int:
        """Visits that workers hold or that wait."""
        return self.leased + self.pending


def standings(
    connection: Connection, fit_run_ids: Sequence[int] | None = None, last: int = 10
) -> list[RunStanding]:
    """Return where fit runs stand, the newest first.

    Parameters
    ----------
    connection
        Of any role that may read.
    fit_run_ids
        Which ones; without, all open ones and, of the others, the last.
    last
        How many of the others.
    """
    named = {"runs": None if fit_run_ids is None else list(fit_run_ids), "last": last}
    workers: dict[int, list[WorkerStanding]] = {}
    for row in connection.execute(_WORKERS, named):
        workers.setdefault(row.fit_run_id, []).append(WorkerStanding(*row[1:]))
    return [
        RunStanding(
            row.run_id,
            row.model,
            row.selection,
            row.n_planned,
            row.good,
            row.flagged,
            row.failed,
            row.aside,
            row.leased,
            row.n_planned - row.good - row.flagged - row.failed - row.aside - row.leased,
            row.outcome,
            tuple(workers.get(row.run_id, ())),
        )
        for row in connection.execute(_RUNS, named)
    ]


def next_attempt(connection: Connection, fit_run_id: int) -> dt.datetime | None:
    """Return when the next visit may be tried again that failed before; None where none waits."""
    found = connection.execute(_NEXT, {"run": fit_run_id}).scalar_one()
    return found if isinstance(found, dt.datetime) else None


_CHOSEN = """
    WITH chosen AS (
        SELECT r.run_id, r.model_id, r.selection, r.n_planned,
            coalesce(c.outcome, 'open') AS outcome
        FROM ledger.fit_run r LEFT JOIN ledger.closed_run c USING (run_id)
        WHERE CASE WHEN CAST(:runs AS bigint[]) IS NULL THEN
            c.run_id IS NULL OR r.run_id IN (
                SELECT run_id FROM ledger.fit_run JOIN ledger.closed_run USING (run_id)
                ORDER BY run_id DESC LIMIT :last)
            ELSE r.run_id = ANY (:runs) END
    )
"""
_RUNS = text(f"""
    {_CHOSEN}
    SELECT c.*, m.name AS model, t.*, l.*, a.* FROM chosen c JOIN ledger.model m USING (model_id),
    LATERAL (
        SELECT CAST(coalesce(sum(good), 0) AS bigint) AS good,
            CAST(coalesce(sum(flagged), 0) AS bigint) AS flagged,
            CAST(coalesce(sum(failed), 0) AS bigint) AS failed
        FROM ledger.fit_tally WHERE fit_run_id = c.run_id) t,
    LATERAL (
        SELECT CAST(coalesce(sum(cardinality(spectrum_ids)), 0) AS bigint) AS leased
        FROM ledger.lease WHERE fit_run_id = c.run_id) l,
    LATERAL (
        SELECT count(*) AS aside FROM ledger.work
        WHERE fit_run_id = c.run_id AND state = 'aside') a
    ORDER BY c.run_id DESC
""")  # noqa: S608 - made of our own
_WORKERS = text(f"""
    {_CHOSEN}
    SELECT t.fit_run_id, t.worker, t.device, t.good + t.flagged + t.failed, t.seconds, t.first_at,
        t.last_at, CAST(coalesce((
            SELECT sum(cardinality(l.spectrum_ids)) FROM ledger.lease l
            WHERE l.fit_run_id = t.fit_run_id AND l.worker = t.worker), 0) AS bigint)
    FROM ledger.fit_tally t JOIN chosen c ON c.run_id = t.fit_run_id
    ORDER BY t.fit_run_id DESC, t.worker
""")  # noqa: S608 - made of our own
_NEXT = text("""
    SELECT min(not_before) FROM ledger.work
    WHERE fit_run_id = :run AND attempts > 0 AND state = 'pending'
""")
