from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
import torch

from starledger.compute.models.base import Convergence, Fits
from starledger.compute.work.fit_rows import Origin, Ranges, fit_rows
from starledger.compute.work.leases import Lease, LeaseLost, Queue
from starledger.compute.work.writing import write_back
from starledger.schema.flags import Scope, names
from starledger.schema.roles import Role
from tests.compute.work.conftest import N_VISITS, Desk
from tests.compute.work.test_leases import EXPIRE, claimed
from tests.schema.fitted_models import LABELS

NAMES = tuple(LABELS["payne_lamost"])
RANGES = Ranges(
    NAMES,
    np.array([3500.0, 0.0, -2.5, -0.5]),
    np.array([8000.0, 5.0, 0.5, 0.5]),
    np.array([4000.0, 0.5, -2.0, -0.3]),
    np.array([7500.0, 4.8, 0.4, 0.4]),
)
GOOD = (5800.0, 4.4, 0.0, 0.1)


def fits(count: int, ends: dict[int, Convergence] | None = None) -> Fits:
    """Return good fits, but for those that ended otherwise."""
    labels = torch.tensor([GOOD] * count, dtype=torch.float64)
    spread = torch.tensor([30.0, 0.05, 0.03, 0.02], dtype=torch.float64)
    covariance = torch.diag(spread**2).repeat(count, 1, 1)
    chi2, found = torch.full((count,), 3000.0), [Convergence.CONVERGED] * count
    for row, end in (ends or {}).items():
        found[row] = end
        if end.failed:
            labels[row], covariance[row], chi2[row] = torch.nan, torch.nan, torch.nan
    pixels, steps = torch.full((count,), 3000), torch.full((count,), 4)
    bounds = spread.expand(count, -1).clone()
    return Fits(labels, covariance, None, chi2, pixels, tuple(found), steps, bounds)


def origin(desk: Desk, queue: Queue) -> Origin:
    return Origin(queue.fit_run_id, desk.model, desk.config, queue.worker)


def write(desk: Desk, queue: Queue, lease: Lease, found: Fits) -> Counter[str]:
    rows = fit_rows(lease.spectrum_ids, found, RANGES, origin(desk, queue), 1.0)
    with desk.database.engine(Role.WORKER).begin() as connection:
        return write_back(connection, queue, lease, rows, device="abacus", seconds=2.0)


def test_fits_and_the_end_of_their_lease_are_one(desk: Desk) -> None:
    queue = Queue(desk.run(), "ann")
    lease = claimed(desk, queue)
    ends = {0: Convergence.NO_FLUX, 1: Convergence.ON_BOUND}
    counts = write(desk, queue, lease, fits(len(lease), ends))
    assert counts == {"good": len(lease) - 2, "flagged": 1, "failed": 1}
    assert desk.states() == {"pending": N_VISITS - len(lease)}
    fitted = "SELECT count(*) FROM ledger.fit WHERE fit_run_id = :run"
    assert desk.one(fitted, run=queue.fit_run_id) == len(lease)
    tally = "SELECT (good, flagged, failed, seconds, device)::text FROM ledger.fit_tally"
    assert desk.one(tally) == f"({len(lease) - 2},1,1,2,abacus)"
    reason = "SELECT reason FROM ledger.fit WHERE spectrum_id = :visit AND fit_run_id = :run"
    first = {"visit": int(lease.spectrum_ids[0]), "run": queue.fit_run_id}
    assert desk.one(reason, **first) == Convergence.NO_FLUX.value


def test_who_lost_the_lease_writes_nothing(desk: Desk) -> None:
    queue = Queue(desk.run(), "sleeper")
    lease = claimed(desk, queue)
    desk.do(EXPIRE)
    with pytest.raises(LeaseLost):
        write(desk, queue, lease, fits(len(lease)))
    fitted = "SELECT count(*) FROM ledger.fit WHERE fit_run_id = :run"
    assert desk.one(fitted, run=queue.fit_run_id) == 0
    assert desk.one("SELECT count(*) FROM ledger.fit_tally") == 0


def test_a_lease_does_not_end_before_each_visit_is_accounted_for(desk: Desk) -> None:
    queue = Queue(desk.run(), "careless")
    lease = claimed(desk, queue)
    rows = fit_rows(lease.spectrum_ids, fits(len(lease)), RANGES, origin(desk, queue), 1.0)
    with (
        pytest.raises(ValueError, match="do not end"),
        desk.database.engine(Role.WORKER).begin() as connection,
    ):
        write_back(connection, queue, lease, rows.slice(1))
    assert desk.states() == {"leased": len(lease), "pending": N_VISITS - len(lease)}


def test_a_row_that_the_database_refuses_fails_alone(desk: Desk) -> None:
    queue = Queue(desk.run(), "ann")
    lease = claimed(desk, queue)
    rows = fit_rows(lease.spectrum_ids, fits(len(lease)), RANGES, origin(desk, queue), 1.0)
    pixels = rows["n_pixels"].to_pylist()
    pixels[100] = -1
    place = rows.schema.get_field_index("n_pixels")
    rows = rows.set_column(place, rows.schema.field(place), pa.array(pixels, pa.int32()))
    with desk.database.engine(Role.WORKER).begin() as connection:
        counts = write_back(connection, queue, lease, rows)
    assert counts["good"] == len(lease) - 1
    assert counts["tried again"] == 1
    error = "SELECT last_error FROM ledger.work WHERE spectrum_id = :visit"
    assert "n_pixels" in str(desk.one(error, visit=int(lease.spectrum_ids[100])))


def test_flags_tell_what_is_wrong() -> None:
    found = fits(5, {1: Convergence.TOO_FEW_PIXELS, 2: Convergence.RV_AT_EDGE})
    found.labels[3, 0] = 3500.0  # at the end of the fit, beyond the training
    found.chi2[4] = 3000 * 60.0
    rows = fit_rows(np.arange(5), found, RANGES, Origin(1, 2, 3, "ann"), 1.0)
    flags = [names(Scope.FIT, bits) for bits in rows["flags"].to_pylist()]
    assert flags == [[], ["failed", "too_few_pixels"], ["rv_at_edge"], ["at_bound"], ["high_chi2"]]
    assert rows["outcome"].to_pylist() == ["good", "failed", "flagged", "flagged", "flagged"]
    of_label = rows["label_flags"].to_pylist()[3]
    assert names(Scope.LABEL, of_label[0]) == ["at_bound", "outside_training_range"]
    assert of_label[1:] == [0, 0, 0]
    assert rows["labels"].to_pylist()[1] is None
    assert rows["seconds"].to_pylist() == pytest.approx([0.2] * 5)


def test_a_covariance_is_packed_row_by_row_and_can_be_left_out() -> None:
    found = fits(2)
    found.covariance[0, 1, 0] = found.covariance[0, 0, 1] = 0.5
    found.covariance[1] = torch.nan
    rows = fit_rows(np.arange(2), found, RANGES, Origin(1, 2, 3, "ann"), 1.0)
    assert rows["covariance"].to_pylist()[0] == pytest.approx(
        [900.0, 0.5, 0.0025, 0, 0, 0.0009, 0, 0, 0, 0.0004]
    )
    assert rows["covariance"].to_pylist()[1] is None
    assert rows["errors"].to_pylist()[1] == [None] * 4
    without = fit_rows(np.arange(2), found, RANGES, Origin(1, 2, 3, "ann", False), 1.0)
    assert without["covariance"].to_pylist() == [None, None]
    assert without.drop_columns(["covariance"]) == rows.drop_columns(["covariance"])
