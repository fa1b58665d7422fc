"""Reading the visits of stars from the ledger, as columns, a batch of whole stars at a time.

The query leaves no nulls and arrays of one length, so that every row of COPY's binary form is as
long as all others, and NumPy reads them where they lie.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection as DriverConnection

from starledger.catalog.combine.repeats import UNKNOWN_NIGHT
from starledger.catalog.combine.selection import ordered
from starledger.catalog.combine.task import Task
from starledger.catalog.combine.visits import Visits
from starledger.compute.spectra.doppler import LIGHT_SPEED

BATCH = 10_000
"""Visits that are read at a time, about."""

_HEADER, _TRAILER = 19, 2
"""Bytes of a binary COPY before its first row and after its last."""

_SCALARS = {
    "star_id": ">i8",
    "spectrum_id": ">i8",
    "clean": "?",
    "double_lined": "?",
    "known_night": ">i4",
    "known_snr": ">f4",
    "known_snr_z": ">f4",
    "known_rv": ">f8",
    "known_err_rv": ">f4",
    "topocentric": "?",
}
_ARRAYS = ("all_label_flags", "more_label_flags", "all_labels", "all_errors", "all_covariance")


def read_visits(
    connection: DriverConnection[Any], task: Task, batch: int | None = None
) -> Iterator[Visits]:
    """Yield the visits that a task combines, all of a star's in the same batch.

    Parameters
    ----------
    connection
        In the transaction of `find_stale`; busy until the last visit was read.
    task
        What is combined.
    batch
        How many visits at a time, about; by default `BATCH`.
    """
    n = len(task.model.labels)
    names = [*_SCALARS, *(name for name in _ARRAYS if name in _array_columns(task))]
    query = ordered(task, names, _columns(task) | _array_columns(task))
    rest: list[Visits] = []
    for rows in _records(connection, query, _layout(names, n), batch or BATCH):
        visits = _visits(rows)
        # The last star may go on in the next batch.
        last = int(np.searchsorted(visits.star_id, visits.star_id[-1]))
        if last:
            yield Visits.joined([*rest, visits.rows(slice(0, last))])
            rest = []
        rest.append(visits.rows(slice(last, None)))
    if rest:
        yield Visits.joined(rest)


def _columns(task: Task) -> dict[str, str]:
    """Return the SQL of what is one number a visit."""
    rv = f"""CASE s.frame WHEN 'barycentric' THEN CAST(f.rv AS float8) WHEN 'shifted' THEN
        (f.rv + s.frame_shift) / (1 + f.rv * s.frame_shift / {LIGHT_SPEED**2!r}) END"""
    err_rv = "f.err_rv"
    if "rv" in task.model.labels:
        # A model may give the velocity as a label, of the barycentre, instead of fitting it.
        place = task.model.labels.index("rv") + 1
        err_rv = f"CASE WHEN ({rv}) IS NULL THEN f.errors[{place}] ELSE f.err_rv END"
        rv = f"coalesce({rv}, f.labels[{place}])"
    return {
        "known_night": f"coalesce(s.night, CAST(floor(s.mjd_mid) AS int), {UNKNOWN_NIGHT})",
        "known_snr": "coalesce(s.snr, 'NaN')",
        "known_snr_z": "coalesce(s.snr_z, 'NaN')",
        "known_rv": f"coalesce({rv}, 'NaN')",
        "known_err_rv": f"coalesce({err_rv}, 'NaN')",
        "topocentric": "f.rv IS NOT NULL AND s.frame = 'topocentric'",
    }


def _array_columns(task: Task) -> dict[str, str]:
    """Return the SQL of what is an array: whole, and NaN or 0 for what is null."""
    n = len(task.model.labels)
    columns = {
        "all_label_flags": _whole("f.label_flags", "int", "0", n),
        "all_labels": _whole("f.labels", "real", "'NaN'", n),
        "all_errors": _whole("f.errors", "real", "'NaN'", n),
        "all_covariance": _whole("f.covariance", "real", "'NaN'", n * (n + 1) // 2),
    }
    if task.quality_run_id is not None:
        columns["more_label_flags"] = _whole("q.label_flags", "int", "0", n)
    return columns


def _whole(column: str, kind: str, missing: str, length: int) -> str:
    value = f"CAST({missing} AS {kind})"
    return f"coalesce(array_replace({column}, NULL, {value}), array_fill({value}, ARRAY[{length}]))"


def _layout(names: list[str], n: int) -> np.dtype[Any]:
    """Return how a row of some columns lies in COPY's binary form."""
    layout: list[Any] = [("n_columns", ">i2")]
    for name in names:
        layout.append((f"length_of_{name}", ">i4"))
        if name in _SCALARS:
            layout.append((name, _SCALARS[name]))
            continue
        number = ">i4" if name.endswith("flags") else ">f4"
        length = n * (n + 1) // 2 if name == "all_covariance" else n
        # Dimensions, whether there are nulls, the type, the length, the first index.
        layout.append((f"head_of_{name}", ">i4", (5,)))
        layout.append((name, [("length", ">i4"), ("value", number)], (length,)))
    return np.dtype(layout)


def _records(
    connection: DriverConnection[Any], query: str, layout: np.dtype[Any], batch: int
) -> Iterator[NDArray[Any]]:
    rows = bytearray()
    headed = False
    size = batch * layout.itemsize
    statement = f"COPY ({query}) TO STDOUT (FORMAT binary)".encode()
    with connection.cursor().copy(statement) as stream:
        for data in stream:
            rows += data
            if not headed and len(rows) >= _HEADER:
                del rows[:_HEADER]
                headed = True
            if len(rows) >= size + _TRAILER:
                yield np.frombuffer(bytes(rows[:size]), layout)
                del rows[:size]
    if len(rows) > _TRAILER:
        yield np.frombuffer(bytes(rows[:-_TRAILER]), layout)


def _visits(rows: NDArray[Any]) -> Visits:
    flags = _numbers(rows, "all_label_flags", np.int64)
    if "more_label_flags" in (rows.dtype.names or ()):
        flags |= _numbers(rows, "more_label_flags", np.int64)
    return Visits(
        star_id=rows["star_id"].astype(np.int64),
        spectrum_id=rows["spectrum_id"].astype(np.int64),
        clean=rows["clean"].copy(),
        double_lined=rows["double_lined"].copy(),
        night=rows["known_night"].astype(np.int64),
        snr=rows["known_snr"].astype(np.float64),
        snr_z=rows["known_snr_z"].astype(np.float64),
        rv=rows["known_rv"].astype(np.float64),
        err_rv=rows["known_err_rv"].astype(np.float64),
        topocentric=rows["topocentric"].copy(),
        label_flags=flags,
        labels=_numbers(rows, "all_labels", np.float64),
        errors=_numbers(rows, "all_errors", np.float64),
        covariance=_numbers(rows, "all_covariance", np.float64),
    )


def _numbers(rows: NDArray[Any], name: str, kind: type[np.generic]) -> NDArray[Any]:
    return rows[name]["value"].astype(kind)
