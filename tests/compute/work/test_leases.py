from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from starledger.compute.work import leases
from starledger.compute.work.leases import Failure, Lease, LeaseLost, Queue, give_back, reclaim
from starledger.compute.work.lots import LOT
from starledger.compute.work.planning import Selection
from starledger.schema.roles import Role
from tests.compute.work.conftest import N_VISITS, Desk
from tests.compute.work.drill.cast import until

EXPIRE = "UPDATE ledger.lease SET expires_at = clock_timestamp() - interval '1 s'"
NO_PAUSE = "UPDATE ledger.work SET not_before = NULL"


def claim(desk: Desk, queue: Queue) -> Lease | None:
    with desk.database.engine().begin() as connection:
        return queue.claim(connection)


def claimed(desk: Desk, queue: Queue) -> Lease:
    lease = claim(desk, queue)
    assert lease is not None
    return lease


def end(desk: Desk, queue: Queue, lease: Lease, *failures: Failure) -> None:
    with desk.database.engine().begin() as connection:
        queue.end(connection, lease, failures)


def test_visits_are_claimed_in_the_order_of_their_pixels(desk: Desk) -> None:
    queue = Queue(desk.run(), "ann", sizes=(300, 16, 1))
    seen: list[int] = []
    while (lease := claim(desk, queue)) is not None:
        assert (np.diff(lease.shard_rows) > 0).all()
        assert len(set(lease.shard_ids.tolist())) == 1
        seen.extend(lease.shard_rows.tolist())
    assert seen == list(range(100, 100 + N_VISITS))
    assert desk.states() == {"leased": N_VISITS}


def test_workers_at_once_share_all_and_nothing_twice(desk: Desk) -> None:
    run, meeting = desk.run(), Barrier(4)

    def work(name: str) -> list[int]:
        queue, mine = Queue(run, name, sizes=(32, 16, 1)), list[int]()
        meeting.wait(timeout=60.0)
        while (lease := claim(desk, queue)) is not None:
            mine.extend(lease.spectrum_ids.tolist())
            end(desk, queue, lease)
        return mine

    with ThreadPoolExecutor(4) as pool:
        shares = list(pool.map(work, "abcd"))
    assert sum(map(len, shares)) == len(set().union(*map(set, shares))) == N_VISITS
    assert desk.states() == {}
    assert desk.one("SELECT count(*) FROM ledger.lease") == 0


def test_an_expired_lease_writes_nothing(desk: Desk) -> None:
    queue = Queue(desk.run(), "sleeper")
    lease = claimed(desk, queue)
    desk.do(EXPIRE)
    with pytest.raises(LeaseLost, match="nothing was written"):
        end(desk, queue, lease)
    assert desk.states()["leased"] == len(lease)
    with desk.database.engine().begin() as connection:
        assert queue.keep(connection, [lease]) == {lease.lease_id}
        assert reclaim(connection) == len(lease)
    with pytest.raises(LeaseLost):
        end(desk, queue, lease)
    assert desk.states() == {"pending": N_VISITS}


def test_a_lease_that_is_kept_alive_is_not_reclaimed(desk: Desk) -> None:
    queue = Queue(desk.run(), "slow", seconds=3600.0)
    lease = claimed(desk, queue)
    desk.do("UPDATE ledger.lease SET expires_at = clock_timestamp() + interval '20 s'")
    with desk.database.engine().begin() as connection:
        assert queue.keep(connection, [lease]) == set()
        assert reclaim(connection) == 0
    left = "SELECT expires_at > clock_timestamp() + interval '1000 s' FROM ledger.lease"
    assert desk.one(left) is True
    end(desk, queue, lease)
    assert desk.states() == {"pending": N_VISITS - len(lease)}


def test_reclaiming_passes_over_a_worker_that_is_just_writing(desk: Desk) -> None:
    lease = claimed(desk, Queue(desk.run(), "just in time"))
    desk.do(EXPIRE)
    engine = desk.database.engine()
    with engine.begin() as writing, engine.begin() as other:
        # So it is when the lease expires between the lock of the writer and its commit.
        writing.execute(text("SELECT FROM ledger.lease FOR UPDATE"))
        other.execute(text("SET LOCAL lock_timeout = '20s'"))
        assert reclaim(other) == 0
    with engine.begin() as connection:
        assert reclaim(connection) == len(lease)


def test_who_was_stopped_while_writing_is_cut_off(desk: Desk) -> None:
    lease = claimed(desk, Queue(desk.run(), "asleep"))
    desk.do("UPDATE ledger.lease SET expires_at = clock_timestamp() - interval '60 s'")
    worker = desk.database.engine(Role.WORKER)
    with worker.connect() as asleep:
        asleep.execute(text("SELECT FROM ledger.lease FOR UPDATE"))

        def reclaimed() -> int:
            with worker.begin() as other:
                return reclaim(other)

        assert reclaimed() == 0
        until(lambda: reclaimed() == len(lease), "its visits are free")
        with pytest.raises(OperationalError):
            asleep.execute(text("SELECT 1"))
    assert desk.states() == {"pending": N_VISITS}


def test_what_is_given_back_costs_no_attempt(desk: Desk) -> None:
    queue = Queue(desk.run(), "stopped")
    with desk.database.engine().begin() as connection:
        lease = queue.claim(connection)
        assert lease is not None
        give_back(connection, lease)
    assert desk.states() == {"pending": N_VISITS}
    assert desk.one("SELECT max(attempts) FROM ledger.work") == 0
    assert desk.one("SELECT count(*) FROM ledger.lease") == 0


def test_what_is_given_back_is_as_it_was(desk: Desk) -> None:
    queue = Queue(desk.run(), "stopped", sizes=(N_VISITS, 16, 1))
    lease = claimed(desk, queue)
    end(desk, queue, lease, Failure(int(lease.spectrum_ids[7]), "fell over"))
    desk.do(NO_PAUSE)
    kept = (
        "SELECT (spectrum_id, position, attempts, last_error, state)::text FROM ledger.work"
        " WHERE attempts > 0"
    )
    before = desk.one(kept)
    again = claimed(desk, queue)
    with desk.database.engine().begin() as connection:
        give_back(connection, again)
    assert desk.one(kept) == before
    assert "fell over" in str(before)


UNDO = """
    WITH ended AS (DELETE FROM ledger.lease RETURNING *)
    INSERT INTO ledger.work (model_id, fit_config_id, spectrum_id, fit_run_id, position)
    SELECT model_id, fit_config_id, v.spectrum_id, fit_run_id, v.position
    FROM ended JOIN ledger.fit_run ON run_id = fit_run_id,
        unnest(spectrum_ids, positions) AS v (spectrum_id, position)
"""


def test_a_claim_that_a_crash_undid_ends_no_other(desk: Desk) -> None:
    run = desk.run()
    before, after = Queue(run, "before"), Queue(run, "after", sizes=(300, 16, 1))
    undone = claimed(desk, before)
    desk.do(UNDO)
    lease = claimed(desk, after)
    with pytest.raises(LeaseLost):
        end(desk, before, undone)
    end(desk, after, lease)
    assert desk.states() == {"pending": N_VISITS - len(lease)}


def test_numbers_of_leases_are_not_counted(desk: Desk) -> None:
    queue = Queue(desk.run(), "ann", sizes=(10, 16, 1))
    numbers = sorted(claimed(desk, queue).lease_id for _ in range(20))
    assert np.diff(numbers).min() > 1000


def test_a_failure_of_no_visit_that_is_held_ends_no_lease(desk: Desk) -> None:
    queue = Queue(desk.run(), "ann")
    lease = claimed(desk, queue)
    with pytest.raises(LeaseLost):
        end(desk, queue, lease, Failure(-5, "who is that"))
    assert desk.states() == {"leased": len(lease), "pending": N_VISITS - len(lease)}


def test_a_failure_waits_and_is_set_aside_after_three_attempts(desk: Desk) -> None:
    queue = Queue(desk.run(), "ann", sizes=(N_VISITS, 16, 1))
    bad = claimed(desk, queue)
    culprit = int(bad.spectrum_ids[7])
    for attempt in range(leases.MOST_ATTEMPTS):
        lease = bad if attempt == 0 else claimed(desk, queue)
        assert culprit in lease.spectrum_ids
        end(desk, queue, lease, Failure(culprit, f"attempt {attempt} fell over"))
        if attempt < leases.MOST_ATTEMPTS - 1:
            assert claim(desk, queue) is None  # it pauses first
            desk.do(NO_PAUSE)
    assert desk.states() == {"aside": 1}
    assert desk.one("SELECT last_error FROM ledger.work WHERE state = 'aside'") == (
        "attempt 2 fell over"
    )


def test_a_visit_that_kills_its_workers_takes_no_neighbour_with_it(desk: Desk) -> None:
    run = desk.run()
    poison = desk.one("SELECT spectrum_id FROM ledger.spectrum WHERE external_id = 'more_411'")
    deaths: Counter[str] = Counter()
    for number in range(2 * N_VISITS):
        queue = Queue(run, f"worker {number}")
        lease = claim(desk, queue)
        if lease is None and desk.states().get("pending", 0) == 0:
            break
        if lease is None:
            desk.do(NO_PAUSE)
        elif poison in lease.spectrum_ids:
            deaths[f"with {len(lease)}"] += 1
            desk.do(EXPIRE)
            with desk.database.engine().begin() as connection:
                reclaim(connection)
        else:
            end(desk, queue, lease)
    assert deaths == {"with 256": 1, "with 128": 1, "with 1": 1}
    assert desk.states() == {"aside": 1}
    said = "SELECT last_error FROM ledger.work WHERE spectrum_id = :poison"
    assert "stopped, or was cut off" in str(desk.one(said, poison=poison))


def test_searching_goes_on_where_the_last_lease_was(desk: Desk) -> None:
    run = desk.run()
    ahead = Queue(run, "ahead", sizes=(900, 16, 1))
    first, late = claimed(desk, ahead), claimed(desk, ahead)
    assert len(first) + len(late) == N_VISITS
    with desk.database.engine().begin() as connection:
        give_back(connection, first)
    again = claimed(desk, ahead)
    assert (again.spectrum_ids == first.spectrum_ids).all()


def test_lots_are_claimed_whole_whoever_claims_beside(desk: Desk) -> None:
    run = desk.run()

    def claim_all(number: int) -> list[Lease]:
        queue, found = Queue(run, f"worker {number}", sizes=(200 + 50 * number, LOT, 1)), []
        while (lease := claim(desk, queue)) is not None:
            found.append(lease)
        return found

    with ThreadPoolExecutor(4) as pool:
        leases = [lease for some in pool.map(claim_all, range(4)) for lease in some]
    assert len(leases) > 4
    of_lot = Counter(int(lot) for lease in leases for lot in np.unique(lease.shard_rows // LOT))
    assert set(of_lot.values()) == {1}
    assert desk.states() == {"leased": N_VISITS}


def test_what_was_in_vain_is_claimed_again_a_lot_at_a_time(desk: Desk) -> None:
    queue = Queue(desk.run(), "ann")
    first = claimed(desk, queue)
    desk.do(EXPIRE)
    with desk.database.engine().begin() as connection:
        reclaim(connection)
    for lease in iter(lambda: claim(desk, queue), None):
        end(desk, queue, lease)
    desk.do(NO_PAUSE)
    again = [claimed(desk, queue) for _ in np.unique(first.shard_rows // LOT)]
    assert sum(map(len, again)) == len(first)
    assert all(len(np.unique(lease.shard_rows // LOT)) == 1 for lease in again)


def test_a_claim_does_not_wait_for_ever_for_one_that_was_stopped(desk: Desk) -> None:
    run = desk.run()
    with desk.database.engine().begin() as stopped:
        Queue(run, "stopped").claim(stopped)
        lease = claimed(desk, Queue(run, "ann"))
    assert len(lease)


def test_runs_do_not_take_from_each_other(desk: Desk) -> None:
    few = desk.plan(Selection(limit=5)).fit_run_id
    rest = desk.plan().fit_run_id
    assert few is not None
    assert rest is not None
    assert len(claimed(desk, Queue(few, "ann"))) == 5
    assert claim(desk, Queue(few, "bob")) is None
    assert len(claimed(desk, Queue(rest, "bob", sizes=(2000, 1, 1)))) == N_VISITS - 5


def test_a_worker_without_more_rights_can_do_all_this(desk: Desk) -> None:
    queue = Queue(desk.run(), "worker")
    engine = desk.database.engine(Role.WORKER)
    with engine.begin() as connection:
        lease = queue.claim(connection)
        assert lease is not None
        queue.keep(connection, [lease])
        queue.end(connection, lease, [Failure(int(lease.spectrum_ids[0]), "no reason")])
        assert reclaim(connection) == 0
    assert desk.states() == {"pending": N_VISITS - len(lease) + 1}
