"""Combinations as rows of the ledger: Arrow batches for COPY."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from starledger.catalog.combine.groups import Bools, Floats, Groups, Ints
from starledger.catalog.combine.stars import Combined


def rows_of(run_id: int, stars: Combined) -> Iterator[pa.RecordBatch]:
    """Yield the rows of the table ``combination``.

    Stars with as many visits each come together, for COPY takes arrays of one length.
    """
    order = np.lexsort((np.arange(len(stars)), stars.n_rejected, stars.n_visits))
    alike = Groups.of(stars.n_visits[order], stars.n_rejected[order])
    for first, count in zip(alike.starts.tolist(), alike.counts.tolist(), strict=True):
        yield _batch(run_id, stars, order[first : first + count])


def _batch(run_id: int, stars: Combined, which: Ints) -> pa.RecordBatch:
    labels, velocity = stars.labels, stars.velocity
    columns = {
        "combination_run_id": np.full(len(which), run_id),
        "star_id": stars.star_id[which],
        "labels": _lists(labels.values[which]),
        "errors": _lists(labels.errors[which]),
        "covariance": _lists_or_null(labels.covariance[which]),
        "scatter": _lists_or_null(labels.repeats.scatter[which]),
        "label_flags": _integers(stars.label_flags[which], np.int32),
        "flags": stars.flags[which],
        "rv": _reals(velocity.values[which, 0]),
        "err_rv": _reals(velocity.errors[which, 0]),
        "rv_scatter": _reals(velocity.repeats.scatter[which, 0]),
        "chi2": _reals(labels.repeats.chi2[which]),
        "snr": _reals(stars.snr[which]),
        "n_visits": stars.n_visits[which].astype(np.int16),
        "n_nights": stars.n_nights[which].astype(np.int16),
        "n_rejected": stars.n_rejected[which].astype(np.int16),
        "best_spectrum_id": stars.best_spectrum_id[which],
        "spectrum_ids": _integers(_ids(stars.spectrum_ids, stars.n_visits, which), np.int64),
        "rejected_ids": _integers(_ids(stars.rejected_ids, stars.n_rejected, which), np.int64),
    }
    return pa.record_batch({name: pa.array(one) for name, one in columns.items()})


def _ids(ids: Ints, counts: Ints, which: Ints) -> Ints:
    """Return the ids of some stars that have as many each: stars × ids."""
    first = np.cumsum(counts) - counts
    chosen: Ints = ids[first[which][:, None] + np.arange(int(counts[which[0]]))]
    return chosen


def _reals(values: Floats) -> pa.Array:
    return pa.array(values.astype(np.float32), mask=np.isnan(values))


def _lists(values: Floats) -> pa.Array:
    return _fixed(_reals(values.ravel()), values.shape[1])


def _lists_or_null(values: Floats) -> pa.Array:
    """Return lists of numbers, null where all numbers of a row are missing."""
    null: Bools = np.asarray(np.isnan(values).all(axis=1))
    flat = _reals(np.where(null[:, None], 0.0, values).ravel())
    return _fixed(flat, values.shape[1], mask=pa.array(null))


def _integers(values: Ints, kind: type[np.integer[Any]]) -> pa.Array:
    flat: NDArray[Any] = values.astype(kind).ravel()
    if values.shape[1]:
        return _fixed(pa.array(flat), values.shape[1])
    return pa.array([[]] * len(values), pa.list_(pa.from_numpy_dtype(kind), 0))


def _fixed(flat: pa.Array, length: int, mask: pa.Array | None = None) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(flat, length, mask=mask)
