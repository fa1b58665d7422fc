"""What calibrations would change in the combinations of a run; nothing is written to the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet
from sqlalchemy import Connection

from starledger.catalog.calibrate.chain import SNR
from starledger.catalog.calibrate.combined import CombinationOf, Combined, read_blocks
from starledger.catalog.calibrate.forms import Calibrated, Calibration
from starledger.catalog.calibrate.formula import FloatArray
from starledger.schema.errors import StarledgerError

Writer: TypeAlias = "pa_csv.CSVWriter | pa_parquet.ParquetWriter"


class UnknownFormat(StarledgerError):
    """A file of a kind that is not written."""


@dataclass
class Change:
    """What calibrations do to one label, summed over stars.

    Parameters
    ----------
    label
        The label.
    stars
        With a raw value.
    changed, held, lost
        Those whose value or error changes, that got the correction of an end of a range, and that
        have no value afterwards.
    least, greatest
        Change, in the label's unit; None where no star has any.
    total
        Sum of the changes, in the label's unit.
    """

    label: str
    stars: int = 0
    changed: int = 0
    held: int = 0
    lost: int = 0
    least: float | None = None
    greatest: float | None = None
    total: float = 0.0

    @property
    def mean(self) -> float | None:
        """The mean change of the stars that have a value afterwards."""
        left = self.stars - self.lost
        return self.total / left if left else None

    def add(self, raw: Combined, done: Calibrated) -> None:
        """Add some stars."""
        name = self.label
        before, after = raw.labels[name], done.labels[name]
        shift = after - before
        known = shift[np.isfinite(shift)]
        errors = ~np.equal(raw.errors[name], done.errors[name]) & np.isfinite(done.errors[name])
        self.stars += int(np.isfinite(before).sum())
        self.lost += int((np.isfinite(before) & ~np.isfinite(after)).sum())
        self.held += int(done.held[name].sum())
        self.changed += int(((shift != 0) & np.isfinite(shift) | errors).sum())
        self.total += float(known.sum())
        ends = [end for end in (self.least, self.greatest) if end is not None] + known.tolist()
        if ends:
            self.least, self.greatest = min(ends), max(ends)


def preview(
    connection: Connection,
    run: CombinationOf,
    calibrations: Sequence[Calibration],
    target: Path | None = None,
) -> list[Change]:
    """Return what calibrations would do to the labels that they correct.

    Parameters
    ----------
    connection
        Where to read.
    run
        The combination run.
    calibrations
        What would be applied.
    target
        A file, .csv or .parquet, for each star's labels before and after.

    Raises
    ------
    UnknownFormat
        The file's ending is another.
    """
    needed = {"teff", "logg"} & set(run.labels)
    for one in calibrations:
        needed |= {one.label, *one.variables} - {SNR}
    labels = sorted(needed, key=run.place)
    corrected = [name for name in labels if any(one.label == name for one in calibrations)]
    changes = [Change(name) for name in corrected]
    with _writing(target, corrected) as writer:
        for raw in read_blocks(connection, run, labels):
            done = raw.calibrated(calibrations)
            for change in changes:
                change.add(raw, done)
            if writer is not None:
                writer.write(_table(raw, done, corrected))
    return changes


@contextmanager
def _writing(target: Path | None, labels: Sequence[str]) -> Iterator[Writer | None]:
    if target is None:
        yield None
        return
    kinds = {".csv": pa_csv.CSVWriter, ".parquet": pa_parquet.ParquetWriter}
    if target.suffix not in kinds:
        raise UnknownFormat(
            f"{target} cannot be written: {target.suffix or 'no ending'} is no format.",
            remedy="Name a file .csv or .parquet.",
        )
    try:
        with kinds[target.suffix](str(target), _schema(labels)) as writer:
            yield writer
    except OSError as error:
        raise UnknownFormat(
            f"{target} cannot be written: {error}.", remedy="Name a file in a folder that is there."
        ) from None


def _schema(labels: Sequence[str]) -> pa.Schema:
    columns = [pa.field("star_id", pa.int64())]
    for name in labels:
        numbers = (f"raw_{name}", name, f"raw_err_{name}", f"err_{name}")
        columns += [pa.field(column, pa.float64()) for column in numbers]
        columns.append(pa.field(f"held_{name}", pa.bool_()))
    return pa.schema(columns)


def _table(raw: Combined, done: Calibrated, labels: Sequence[str]) -> pa.Table:
    columns: list[pa.Array] = [pa.array(raw.star_id)]
    for name in labels:
        numbers = (raw.labels[name], done.labels[name], raw.errors[name], done.errors[name])
        columns += [_or_null(values) for values in numbers]
        columns.append(pa.array(np.ascontiguousarray(done.held[name])))
    return pa.Table.from_arrays(columns, schema=_schema(labels))


def _or_null(values: FloatArray) -> pa.Array:
    return pa.array(np.ascontiguousarray(values), from_pandas=True)
