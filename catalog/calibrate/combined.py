"""The combinations that calibrations are derived from and applied to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, Row, text

from starledger.catalog.calibrate.chain import SNR
from starledger.catalog.calibrate.evidence import Integers
from starledger.catalog.calibrate.forms import Calibrated, Calibration, apply
from starledger.catalog.calibrate.formula import FloatArray
from starledger.catalog.combine.current import NoSuchCombination, current_combinations
from starledger.schema.flags import Scope, bad_mask

BLOCK = 100_000
"""Rows that are read at a time."""

_RUN = """
SELECT r.run_id, r.model_id, m.name AS model, r.fit_config_id, r.star_run_id, r.as_of_run_id,
    c.outcome,
    ARRAY(SELECT name FROM ledger.model_output o WHERE o.model_id = r.model_id
        AND o.output = 'label' ORDER BY position) AS labels
FROM ledger.combination_run r JOIN ledger.model m USING (model_id)
LEFT JOIN ledger.closed_run c USING (run_id)
WHERE r.run_id = :run
"""


@dataclass(frozen=True)
class CombinationOf:
    """A closed combination run.

    Parameters
    ----------
    run_id, model_id
        As its row has them.
    model
        Name of the model.
    fit_config_id, star_run_id, as_of_run_id
        As its row has them.
    labels
        What the model gives, in the order of the arrays.
    """

    run_id: int
    model_id: int
    model: str
    fit_config_id: int
    star_run_id: int
    as_of_run_id: int
    labels: tuple[str, ...]

    def place(self, label: str) -> int:
        """Return the subscript of a label in the arrays, from 1."""
        if label not in self.labels:
            raise NoSuchCombination(
                f"The model {self.model} gives no {label}.",
                remedy=f"It gives {', '.join(self.labels)}.",
            )
        return self.labels.index(label) + 1


def combination_of(connection: Connection, run_id: int) -> CombinationOf:
    """Return what is known of a combination run.

    Raises
    ------
    NoSuchCombination
        There is none of that number, or it is not closed as done.
    """
    row = connection.execute(text(_RUN), {"run": run_id}).one_or_none()
    if row is None or row.outcome != "done":
        state = "does not exist" if row is None else "is not closed as done"
        raise NoSuchCombination(
            f"The combination run {run_id} {state}.",
            remedy="`starledger status` shows the runs that there are.",
        )
    known = {name: value for name, value in row._asdict().items() if name != "outcome"}
    return CombinationOf(**known | {"labels": tuple(row.labels)})


@dataclass(frozen=True)
class Combined:
    """Combinations of stars; what is missing is NaN.

    Parameters
    ----------
    star_id
        The stars, in rising order.
    labels, errors
        By label, each in its own unit.
    snr, n_visits
        Signal-to-noise ratios a pixel of all visits together, and how many visits.
    """

    star_id: Integers
    labels: Mapping[str, FloatArray]
    errors: Mapping[str, FloatArray]
    snr: FloatArray
    n_visits: FloatArray

    def after(self, calibrations: Sequence[Calibration]) -> Combined:
        """Return them after some calibrations."""
        if not calibrations:
            return self
        done = self.calibrated(calibrations)
        return Combined(self.star_id, done.labels, done.errors, self.snr, self.n_visits)

    def calibrated(self, calibrations: Sequence[Calibration]) -> Calibrated:
        """Return labels and errors after some calibrations, and where these were held."""
        return apply(self.labels, self.errors, calibrations, snr=self.snr, n_visits=self.n_visits)

    def variable(self, name: str) -> FloatArray:
        """Return a label, or the signal-to-noise ratio of a visit."""
        return self.snr / np.sqrt(self.n_visits) if name == SNR else self.labels[name]

    def rows_of(self, stars: Integers) -> Integers:
        """Return the row of each star, -1 for one that is not there."""
        if not len(self.star_id):
            return np.full(len(stars), -1)
        at = np.searchsorted(self.star_id, stars).clip(max=len(self.star_id) - 1)
        return np.where(self.star_id[at] == stars, at, -1)


def read_stars(
    connection: Connection, run: CombinationOf, labels: Sequence[str], stars: Integers
) -> Combined:
    """Return the current combinations of some stars, without what is flagged bad."""
    query = (
        f"{_columns(connection, run, labels, _GOOD)} WHERE star_id = ANY (:stars)"
        f" AND flags & {bad_mask(Scope.STAR)} = 0 ORDER BY star_id"
    )
    wanted = {"stars": np.unique(stars).tolist()}
    return _combined(labels, connection.execute(text(query), wanted).all())


def read_blocks(
    connection: Connection, run: CombinationOf, labels: Sequence[str], block: int = BLOCK
) -> Iterator[Combined]:
    """Yield all current combinations of a run, so many at a time, in the order of the stars."""
    query = text(f"{_columns(connection, run, labels, _ANY)} ORDER BY star_id")
    streaming = connection.execution_options(stream_results=True, max_row_buffer=block)
    for rows in streaming.execute(query).partitions(block):
        yield _combined(labels, rows)


_ANY = "{array}[{i}]"
_GOOD = f"CASE WHEN coalesce(label_flags[{{i}}], 0) & {bad_mask(Scope.LABEL)} = 0 THEN {_ANY} END"
"""The value of a label at a place of an array: as it is, or null where it is flagged bad."""


def _columns(connection: Connection, run: CombinationOf, labels: Sequence[str], value: str) -> str:
    parts = ["star_id", "snr", "n_visits"]
    for label in labels:
        i = run.place(label)
        parts += [value.format(array=array, i=i) for array in ("labels", "errors")]
    return f"SELECT {', '.join(parts)} FROM ({current_combinations(connection, run.run_id)}) c"  # noqa: S608


def _combined(labels: Sequence[str], rows: Sequence[Row[tuple[object, ...]]]) -> Combined:
    numbers = np.array([row[1:] for row in rows], float).reshape(len(rows), 2 + 2 * len(labels))
    return Combined(
        np.array([row[0] for row in rows], np.int64),
        {label: numbers[:, 2 + 2 * i] for i, label in enumerate(labels)},
        {label: numbers[:, 3 + 2 * i] for i, label in enumerate(labels)},
        numbers[:, 0],
        numbers[:, 1],
    )
