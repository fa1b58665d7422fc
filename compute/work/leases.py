"""Leases: workers claim visits in batches, and end the lease in the transaction of their fits.

To claim visits moves their rows from the table of work into the row of the lease. A lease that
nobody keeps alive expires, and what it held becomes pending again. To end a lease it must still be
there, unexpired, and is locked first; so a visit is never written twice, and a worker that slept
too long is told so and changes nothing.

Visits are claimed in whole lots. A visit may bring down the worker that fits it. What was tried in
vain is therefore claimed again a lot at a time, and at last alone: after three attempts only the
culprit is set aside.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, TextClause, text

from starledger.compute.work.lots import LOT, LOT_BITS
from starledger.schema.errors import StarledgerError

Ids = NDArray[np.int64]

SIZES = (256, LOT, 1)
"""Visits of one lease, by the attempts that were in vain before; the first is where it begins."""
LARGEST = 2048
BATCH_SECONDS = 4.0
"""So long a batch is to take: longer ones cost less to claim and write, but more when lost."""
MOST_ATTEMPTS = len(SIZES)
PAUSE_SECONDS = 30.0
"""Before the second attempt, unless another pause is chosen; before the third, four times that."""
CUT_OFF_SECONDS = 10.0
"""So long after the end of a lease its worker may still be writing; then its session is ended."""
_SLOW = "Nothing is lost. If it happens often, give leases more time."
_TURNS, _TURN_SECONDS = 100, 0.01
"""How often, and how long each time, a worker waits for others to have claimed."""
_NUMBER_BITS = 62
"""Of a lease, drawn at random. A crash of the server may undo a claim; were they counted, the next
claim would get the same number, and its visits would end with the fits of the first worker."""
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
        See `SIZES`.
    pause
        Seconds that a visit waits after its first failed attempt; then four times as long.
    """

    def __init__(
        self,
        fit_run_id: int,
        worker: str,
        seconds: float = 120.0,
        sizes: Sequence[int] = SIZES,
        pause: float = PAUSE_SECONDS,
    ) -> None:
        self.pause = pause
        self.fit_run_id, self.worker, self.seconds = fit_run_id, worker, seconds
        self.sizes = list(sizes)
        # Dead entries gather at the head of the index, and searching from here skips them.
        self._watermark = -1

    def pace(self, visits: int, seconds: float) -> None:
        """Choose the size of further leases by how long it took to fit some visits.

        Examples
        --------
        >>> queue = Queue(1, "ann")
        >>> queue.pace(256, 0.1)
        >>> queue.sizes[0]
        512
        """
        fitting = int(visits * BATCH_SECONDS / max(seconds, 1e-3))
        size = self.sizes[0]
        self.sizes[0] = max(min(fitting, 2 * size, max(size, LARGEST)), size // 2, SIZES[1])

    def claim(self, connection: Connection) -> Lease | None:
        """Claim the next visits, in the order of their pixels; None where none waits now.

        Parameters
        ----------
        connection
            Whose transaction the caller commits at once.
        """
        _wait_for_turn(connection, self.fit_run_id)
        marks = [self._watermark, -1] if self._watermark >= 0 else [-1]
        for mark in marks:
            if (
                lease := self._claimed(connection, _CLAIM, {"attempts": 0, "mark": mark})
            ) is not None:
                self._watermark = _position(lease, -1)
                return lease
        self._watermark = -1
        for attempts in range(1, MOST_ATTEMPTS):
            lease = self._claimed(connection, _CLAIM_AGAIN, {"attempts": attempts})
            if lease is not None:
                return lease
        return None

    def _claimed(
        self, connection: Connection, claim: TextClause, which: Mapping[str, int]
    ) -> Lease | None:
        number = secrets.randbits(_NUMBER_BITS)
        named = {
            "lease": number,
            "run": self.fit_run_id,
            "worker": self.worker,
            "seconds": self.seconds,
            "size": (size := self.sizes[which["attempts"]]),
            # Who asks for less than a lot, as for single visits at last, gets them without one.
            "lot_bits": LOT_BITS if size >= LOT else 0,
            **which,
        }
        found = connection.execute(claim, named).one_or_none()
        if found is None:
            return None
        spectrum_ids, positions = found
        position = np.array(positions, np.int64)
        return Lease(
            number,
            np.array(spectrum_ids, np.int64),
            position >> _ROW_BITS,
            position & ((1 << _ROW_BITS) - 1),
        )

    def keep(self, connection: Connection, leases: Sequence[Lease]) -> set[int]:
        """Give leases another full time to live, and return the numbers of those that expired."""
        numbers = [lease.lease_id for lease in leases]
        kept = connection.execute(_KEEP, {"leases": numbers, "seconds": self.seconds}).scalars()
        return set(numbers) - set(kept)

    def fence(self, connection: Connection, lease: Lease) -> None:
        """Make sure that the lease is still ours, and stays so until the transaction ends.

        Raises
        ------
        LeaseLost
            It expired; nothing may be written.
        """
        if connection.execute(_FENCE, {"lease": lease.lease_id}).first() is None:
            raise self._lost(lease)

    def _lost(self, lease: Lease) -> LeaseLost:
        return LeaseLost(
            f"The lease {lease.lease_id} of the worker {self.worker} expired before its "
            f"{len(lease)} visits were fitted; nothing was written, and others fit them.",
            remedy=_SLOW,
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
        ended, again = connection.execute(
            _END,
            {
                "lease": lease.lease_id,
                "visits": [one.spectrum_id for one in failures],
                "errors": [one.error for one in failures],
                "most": MOST_ATTEMPTS,
                "pause": self.pause,
            },
        ).one()
        if not ended or again != len(failures):
            raise self._lost(lease)


def reclaim(
    connection: Connection, fit_run_id: int | None = None, pause: float = PAUSE_SECONDS
) -> int:
    """Make pending, or set aside, what expired leases held; return how many visits that were.

    A worker that was stopped while it wrote still locks its lease, and would for as long as it
    stays so: its session is ended, and the next call finds the lease free.

    Parameters
    ----------
    connection
        Whose transaction the caller commits.
    fit_run_id
        Only of this run; of all without.
    pause
        As of `Queue`.
    """
    named = {"run": fit_run_id, "most": MOST_ATTEMPTS, "pause": pause}
    returned = int(connection.execute(_RECLAIM, named).scalar_one())
    connection.execute(_CUT_OFF, {"run": fit_run_id, "seconds": CUT_OFF_SECONDS})
    return returned


def give_back(connection: Connection, lease: Lease) -> None:
    """Give visits back that were not tried, as a worker does that is told to stop."""
    connection.execute(_GIVE_BACK, {"lease": lease.lease_id})


def _wait_for_turn(connection: Connection, fit_run_id: int) -> None:
    """Wait until nobody else claims: two at once would break lots.

    Nobody waits long for one who was stopped while claiming. A broken lot costs nothing but that
    its fits may differ in their last bits from those of a whole one.
    """
    for _ in range(_TURNS):
        if connection.execute(_TURN, {"run": fit_run_id}).scalar_one():
            return
        time.sleep(_TURN_SECONDS)


def _position(lease: Lease, row: int) -> int:
    return int((lease.shard_ids[row] << _ROW_BITS) | lease.shard_rows[row])


# What is picked moves from the table of work into a lease. Found again by where it lies, and not by
# its key, a row costs one look less.
_PICK = """
    WITH picked AS MATERIALIZED (
        SELECT ctid, position, position >> :lot_bits AS lot FROM ledger.work
        WHERE fit_run_id = :run AND state = 'pending' AND {which}
        ORDER BY position LIMIT :size FOR UPDATE SKIP LOCKED
    ), ends AS (
        SELECT min(lot) AS first, max(lot) AS last, max(position) AS at FROM picked
    ), broken AS (
        -- The last lot goes on beyond what was picked; but one lease takes one lot at least.
        SELECT last AS lot FROM ends WHERE first < last AND EXISTS (
            SELECT FROM ledger.work WHERE fit_run_id = :run AND state = 'pending' AND {which}
            AND position > at AND position < (last + 1) << :lot_bits)
    ), taken AS (
        DELETE FROM ledger.work WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM picked WHERE lot NOT IN (SELECT lot FROM broken)))
        RETURNING spectrum_id, position, last_error
    ), held AS (
        SELECT array_agg(spectrum_id) AS spectrum_ids, array_agg(position) AS positions,
            array_agg(last_error) AS last_errors
        FROM (SELECT * FROM taken ORDER BY position) t
    )
    INSERT INTO ledger.lease
        (lease_id, fit_run_id, worker, expires_at, attempts, spectrum_ids, positions, last_errors)
    SELECT :lease, :run, :worker, clock_timestamp() + make_interval(secs => :seconds),
        :attempts, held.*
    FROM held WHERE spectrum_ids IS NOT NULL
    RETURNING spectrum_ids, positions
"""
_CLAIM = text(_PICK.format(which="attempts = :attempts AND position > :mark"))
_CLAIM_AGAIN = text(
    _PICK.format(
        which="attempts > 0 AND attempts = :attempts"
        " AND coalesce(not_before <= clock_timestamp(), true)"
    )
)
_TURN = text("SELECT pg_try_advisory_xact_lock(hashtext('claim visits'), :run)")
_KEEP = text("""
    UPDATE ledger.lease SET expires_at = clock_timestamp() + make_interval(secs => :seconds)
    WHERE lease_id = ANY (:leases) AND expires_at > clock_timestamp() RETURNING lease_id
""")
_FENCE = text("""
    SELECT lease_id FROM ledger.lease
    WHERE lease_id = :lease AND expires_at > clock_timestamp() FOR UPDATE
""")
# Visits of leases that ended move back into the table of work.
_VISITS = """
    SELECT l.worker, l.fit_run_id, l.attempts, r.model_id, r.fit_config_id, v.*
    FROM ended l JOIN ledger.fit_run r ON r.run_id = l.fit_run_id,
        unnest(l.spectrum_ids, l.positions, l.last_errors) AS v (spectrum_id, position, last_error)
"""
_UNTRIED = f"""
    INSERT INTO ledger.work (model_id, fit_config_id, spectrum_id, fit_run_id, position, attempts,
        last_error)
    SELECT model_id, fit_config_id, spectrum_id, fit_run_id, position, attempts, last_error
    FROM ({_VISITS}) v
"""  # noqa: S608 - made of our own
_IN_VAIN = f"""
    INSERT INTO ledger.work (model_id, fit_config_id, spectrum_id, fit_run_id, position, attempts,
        last_error, state, not_before)
    SELECT v.model_id, v.fit_config_id, v.spectrum_id, v.fit_run_id, v.position, v.attempts + 1,
        {{error}}, CASE WHEN v.attempts + 1 >= :most THEN 'aside' ELSE 'pending' END,
        clock_timestamp() + make_interval(secs => :pause * power(4, v.attempts))
    FROM ({_VISITS}) v {{which}}
    RETURNING 1
"""  # noqa: S608 - made of our own
_FAILED = _IN_VAIN.format(
    error="failed.error",
    which="JOIN unnest(CAST(:visits AS bigint[]), CAST(:errors AS text[]))"
    " AS failed (spectrum_id, error) USING (spectrum_id)",
)
_ABANDONED = _IN_VAIN.format(
    error="'The worker ' || v.worker || ' stopped, or was cut off, while it held this visit.'",
    which="",
)
_END = text(f"""
    WITH ended AS (
        DELETE FROM ledger.lease WHERE lease_id = :lease AND expires_at > clock_timestamp()
        RETURNING *
    ), again AS ({_FAILED})
    SELECT (SELECT count(*) FROM ended), (SELECT count(*) FROM again)
""")  # noqa: S608 - made of our own
_RECLAIM = text(f"""
    WITH ended AS (
        DELETE FROM ledger.lease WHERE lease_id IN (
            SELECT lease_id FROM ledger.lease
            WHERE expires_at <= clock_timestamp() AND fit_run_id = coalesce(:run, fit_run_id)
            FOR UPDATE SKIP LOCKED)
        RETURNING *
    ), again AS ({_ABANDONED})
    SELECT count(*) FROM again
""")  # noqa: S608 - made of our own
_CUT_OFF = text("""
    SELECT pg_terminate_backend(k.pid) FROM ledger.lease l
    JOIN pg_locks k ON k.locktype = 'transactionid' AND k.granted AND k.transactionid = l.xmax
    JOIN pg_stat_activity a ON a.pid = k.pid AND pg_has_role(a.usesysid, 'USAGE')
    WHERE l.expires_at <= clock_timestamp() - make_interval(secs => :seconds)
        AND l.fit_run_id = coalesce(:run, l.fit_run_id) AND k.pid <> pg_backend_pid()
""")
_GIVE_BACK = text(f"""
    WITH ended AS (DELETE FROM ledger.lease WHERE lease_id = :lease RETURNING *) {_UNTRIED}
""")  # noqa: S608 - made of our own
