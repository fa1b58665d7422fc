"""Leases: workers claim visits in batches, and end the lease in the transaction of their fits.

A lease that nobody keeps alive expires, and what it held becomes pending again. To end a lease it
must still be there, unexpired, and is locked first; so a visit is never written twice, and a worker
that slept too long is told so and changes nothing.

A visit may bring down the worker that fits it. What was tried in vain is therefore claimed again in
small batches, and at last alone: after three attempts only the culprit is set aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from starledger.schema.errors import StarledgerError

Ids = NDArray[np.int64]

SIZES = (256, 16, 1)
"""Visits of one lease, by the attempts that were in vain before."""
MOST_ATTEMPTS = len(SIZES)
PAUSE_SECONDS = 30.0
"""Before the second attempt; four times as long before the third."""
_SLOW = "Nothing is lost. If it happens often, give leases more time."
_ROW_BITS = 32
"""Of a position: see `starledger.schema.tables.work.Work`."""


class LeaseLost(StarledgerError):
    """The lease expired, and others may have its visits."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A batch of visits that one worker holds.

    Parameters
    ----------
    lease_id
        Its number.
    spectrum_ids
        The visits, in the order of their pixels.
    shard_ids, shard_rows
        Where their pixels are.
    """

    lease_id: int
    spectrum_ids: Ids
    shard_ids: Ids
    shard_rows: Ids

    def __len__(self) -> int:
        return len(self.spectrum_ids)


@dataclass(frozen=True, slots=True)
class Failure:
    """A visit that could not be fitted for a reason that is not its own, or that nobody knows.

    Parameters
    ----------
    spectrum_id
        The visit.
    error
        What happened, with the traceback.
    """

    spectrum_id: int
    error: str


class Queue:
    """The waiting visits of one fit run, as one worker sees them.

    Parameters
    ----------
    fit_run_id
        The run.
    worker
        The worker's name.
    seconds
        How long a lease lives without a heartbeat.
    sizes
        See `SIZES`; the last one is that of all further attempts.
    """

    def __init__(
        self,
        fit_run_id: int,
        worker: str,
        seconds: float = 120.0,
        sizes: Sequence[int] = SIZES,
    ) -> None:
        self.fit_run_id, self.worker, self.seconds = fit_run_id, worker, seconds
        self.sizes = tuple(sizes)
        # Dead entries gather at the head of the index, and searching from here skips them.
        self._watermark = -1

    def claim(self, connection: Connection) -> Lease | None:
        """Claim the next visits, in the order of their pixels; None where none waits now.

        Parameters
        ----------
        connection
            Whose transaction the caller commits at once.
        """
        marks = [self._watermark, -1] if self._watermark >= 0 else [-1]
        for mark in marks:
            if (lease := self._claim(connection, 0, mark)) is not None:
                self._watermark = _position(lease, -1)
                return lease
        self._watermark = -1
        for attempts in range(1, MOST_ATTEMPTS):
            if (lease := self._claim(connection, attempts, -1)) is not None:
                return lease
        return None

    def _claim(self, connection: Connection, attempts: int, mark: int) -> Lease | None:
        found = connection.execute(
            _CLAIM,
            {
                "run": self.fit_run_id,
                "worker": self.worker,
                "seconds": self.seconds,
                "attempts": attempts,
                "mark": mark,
                "size": self.sizes[min(attempts, len(self.sizes) - 1)],
            },
        ).all()
        if not found:
            return None
        rows = np.array([tuple(row) for row in found], np.int64)
        rows = rows[rows[:, 2].argsort()]
        position = rows[:, 2]
        return Lease(
            int(rows[0, 0]),
            rows[:, 1],
            position >> _ROW_BITS,
            position & ((1 << _ROW_BITS) - 1),
        )

    def keep(self, connection: Connection, leases: Sequence[Lease]) -> None:
        """Give leases another full time to live.

        Raises
        ------
        LeaseLost
            One has expired.
        """
        numbers = [lease.lease_id for lease in leases]
        kept = connection.execute(_KEEP, {"leases": numbers, "seconds": self.seconds}).rowcount
        if kept != len(numbers):
            raise LeaseLost(
                f"The worker {self.worker} was too slow to keep its leases.", remedy=_SLOW
            )

    def end(self, connection: Connection, lease: Lease, failures: Sequence[Failure] = ()) -> None:
        """End a lease: all its visits are done but those that failed.

        Parameters
        ----------
        connection
            In whose transaction the fits are written, too.
        lease
            What was claimed.
        failures
            Visits that are tried again later, or set aside if that was their last attempt.

        Raises
        ------
        LeaseLost
            It expired; nothing may be written, and the transaction must be rolled back.
        """
        if connection.execute(_LOCK, {"lease": lease.lease_id}).first() is None:
            raise LeaseLost(
                f"The lease {lease.lease_id} of the worker {self.worker} expired before its "
                f"{len(lease)} visits were fitted; nothing was written, and others fit them.",
                remedy=_SLOW,
            )
        if failures:
            _put_back(connection, {one.spectrum_id: one.error for one in failures}, lease.lease_id)
        connection.execute(_DONE, {"lease": lease.lease_id})
        connection.execute(_UNLEASE, {"leases": [lease.lease_id]})


def reclaim(connection: Connection, fit_run_id: int | None = None) -> int:
    """Make pending, or set aside, what expired leases held; return how many visits that were.

    Parameters
    ----------
    connection
        Whose transaction the caller commits.
    fit_run_id
        Only of this run; of all without.
    """
    found = connection.execute(_EXPIRED, {"run": fit_run_id}).all()
    returned = 0
    for lease_id, worker in found:
        error = f"The worker {worker} stopped, or was cut off, while it held this visit."
        returned += _put_back_all(connection, lease_id, error)
    connection.execute(_UNLEASE, {"leases": [lease_id for lease_id, _ in found]})
    return returned


def give_back(connection: Connection, lease: Lease) -> None:
    """Give visits back that were not tried, as a worker does that is told to stop."""
    connection.execute(_GIVE_BACK, {"lease": lease.lease_id})
    connection.execute(_UNLEASE, {"leases": [lease.lease_id]})


def _position(lease: Lease, row: int) -> int:
    return int((lease.shard_ids[row] << _ROW_BITS) | lease.shard_rows[row])


def _put_back(connection: Connection, errors: dict[int, str], lease_id: int) -> None:
    connection.execute(
        _FAILED,
        {
            "lease": lease_id,
            "visits": list(errors),
            "errors": list(errors.values()),
            "most": MOST_ATTEMPTS,
            "pause": PAUSE_SECONDS,
        },
    )


def _put_back_all(connection: Connection, lease_id: int, error: str) -> int:
    return connection.execute(
        _ABANDONED,
        {"lease": lease_id, "error": error, "most": MOST_ATTEMPTS, "pause": PAUSE_SECONDS},
    ).rowcount


_CLAIM = text("""
    WITH picked AS MATERIALIZED (
        SELECT model_id, fit_config_id, spectrum_id FROM ledger.work
        WHERE (model_id, fit_config_id) = (
                SELECT model_id, fit_config_id FROM ledger.fit_run WHERE run_id = :run)
            AND fit_run_id = :run AND state = 'pending' AND attempts = :attempts
            AND position > :mark AND coalesce(not_before <= clock_timestamp(), true)
        ORDER BY position LIMIT :size FOR UPDATE SKIP LOCKED
    ), held AS (
        INSERT INTO ledger.lease (fit_run_id, worker, expires_at)
        SELECT :run, :worker, clock_timestamp() + make_interval(secs => :seconds)
        WHERE EXISTS (SELECT FROM picked)
        RETURNING lease_id
    )
    UPDATE ledger.work w SET state = 'leased', lease_id = held.lease_id FROM picked p, held
    WHERE w.model_id = p.model_id AND w.fit_config_id = p.fit_config_id
        AND w.spectrum_id = p.spectrum_id
    RETURNING w.lease_id, w.spectrum_id, w.position
""")
_KEEP = text("""
    UPDATE ledger.lease SET expires_at = clock_timestamp() + make_interval(secs => :seconds)
    WHERE lease_id = ANY (:leases) AND expires_at > clock_timestamp()
""")
_LOCK = text("""
    SELECT lease_id FROM ledger.lease
    WHERE lease_id = :lease AND expires_at > clock_timestamp() FOR UPDATE
""")
_DONE = text("DELETE FROM ledger.work WHERE lease_id = :lease")
_UNLEASE = text("DELETE FROM ledger.lease WHERE lease_id = ANY (:leases)")
_GIVE_BACK = text("""
    UPDATE ledger.work SET state = 'pending', lease_id = NULL WHERE lease_id = :lease
""")
_EXPIRED = text("""
    SELECT lease_id, worker FROM ledger.lease
    WHERE expires_at <= clock_timestamp() AND fit_run_id = coalesce(:run, fit_run_id)
    FOR UPDATE SKIP LOCKED
""")
_AGAIN = """
    lease_id = NULL, attempts = attempts + 1,
    state = CASE WHEN attempts + 1 >= :most THEN 'aside' ELSE 'pending' END,
    not_before = clock_timestamp() + make_interval(secs => :pause * power(4, attempts))
"""
_FAILED = text(f"""
    UPDATE ledger.work w SET last_error = failed.error, {_AGAIN}
    FROM unnest(CAST(:visits AS bigint[]), CAST(:errors AS text[])) AS failed (visit, error)
    WHERE w.lease_id = :lease AND w.spectrum_id = failed.visit
""")  # noqa: S608 - made of our own
_ABANDONED = text(f"""
    UPDATE ledger.work SET last_error = :error, {_AGAIN} WHERE lease_id = :lease
""")  # noqa: S608 - made of our own
