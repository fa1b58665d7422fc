"""From verdicts of rules to rows of the ledger, and how often each flag was raised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from starledger.catalog.quality.batches import Batch, Bools, Floats, Ids
from starledger.catalog.quality.rule import Case, Output, Subject
from starledger.schema.flags import Scope


@dataclass(frozen=True, slots=True)
class Judged:
    """What all rules together say of a batch.

    Parameters
    ----------
    ids
        Of its rows.
    flags
        Bits of scope fit or star.
    label_flags
        Rows × labels: bits of scope label.
    outputs
        Rows × outputs; NaN where there is none.
    """

    ids: Ids
    flags: Ids
    label_flags: Ids
    outputs: Floats

    @property
    def said(self) -> Bools:
        """Which rows something is said of."""
        flagged = (self.flags != 0) | (self.label_flags != 0).any(1)
        return np.asarray(flagged | np.isfinite(self.outputs).any(1))

    def telling(self) -> Judged:
        """Return the rows that something is said of."""
        said = self.said
        return Judged(self.ids[said], self.flags[said], self.label_flags[said], self.outputs[said])


@dataclass
class Tally:
    """How often each flag was raised, over a run.

    Parameters
    ----------
    rows
        Rows judged, by subject.
    said
        Rows that something was said of, by subject.
    raised
        By ``scope.flag``; of labels, in how many labels of how many fits.
    labels
        By ``flag`` of scope label and label.
    """

    rows: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    raised: Counter[str] = field(default_factory=Counter)
    labels: dict[str, Counter[str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "rows": dict(self.rows),
            "said": dict(self.said),
            "raised": dict(self.raised),
            "labels": {name: dict(counts) for name, counts in self.labels.items()},
        }


def judged(cases: Sequence[Case], subject: Subject, batch: Batch, tally: Tally) -> Judged:
    """Let rules judge a batch, and count."""
    flags = np.zeros(len(batch), np.int64)
    label_flags = np.zeros(batch.labels.shape, np.int64)
    columns = []
    for case in cases:
        verdict = case.judge(batch)
        for flag, where in verdict.flags.items():
            number = int(where.sum())
            if flag.scope is Scope.LABEL:
                label_flags |= where.astype(np.int64) * flag.mask
                counts = tally.labels.setdefault(flag.name, Counter())
                counts.update(_counted(batch.names, where))
            else:
                flags |= where.astype(np.int64) * flag.mask
            tally.raised[f"{flag.scope}.{flag.name}"] += number
        columns += [verdict.outputs[one.name] for one in case.outputs]
    outputs = np.stack(columns, 1) if columns else np.empty((len(batch), 0))
    found = Judged(batch.ids, flags, label_flags, _single(outputs))
    tally.rows[subject.value] += len(batch)
    tally.said[subject.value] += int(found.said.sum())
    return found


def _counted(names: Sequence[str], where: Bools) -> dict[str, int]:
    counts = where.sum(0).tolist()
    return {name: n for name, n in zip(names, counts, strict=True) if n}


def _single(values: Floats) -> Floats:
    """Return NaN for what a ``real`` cannot hold."""
    with np.errstate(over="ignore"):
        return np.where(np.isfinite(values.astype(np.float32)), values, np.nan)


def fit_rows(found: Judged, run_id: int, model_id: int, fit_config_id: int) -> pa.RecordBatch:
    """Return rows of ``fit_quality``."""
    silent = ~(found.label_flags != 0).any(1)
    n = len(found.ids)
    return pa.record_batch(
        {
            "quality_run_id": pa.array(np.full(n, run_id)),
            "spectrum_id": pa.array(found.ids),
            "model_id": pa.array(np.full(n, model_id, np.int32)),
            "fit_config_id": pa.array(np.full(n, fit_config_id, np.int32)),
            "flags": pa.array(found.flags),
            "label_flags": pa.FixedSizeListArray.from_arrays(
                pa.array(found.label_flags.astype(np.int32).ravel()),
                found.label_flags.shape[1],
                mask=pa.array(silent),
            ),
            **_outputs(found),
        }
    )


def star_rows(found: Judged, run_id: int) -> pa.RecordBatch:
    """Return rows of ``star_quality``."""
    return pa.record_batch(
        {
            "quality_run_id": pa.array(np.full(len(found.ids), run_id)),
            "star_id": pa.array(found.ids),
            "flags": pa.array(found.flags),
            **_outputs(found),
        }
    )


def _outputs(found: Judged) -> dict[str, pa.Array]:
    width = found.outputs.shape[1]
    if not width:
        return {}
    unknown = ~np.isfinite(found.outputs)
    elements = pa.array(found.outputs.ravel().astype(np.float32), mask=unknown.ravel())
    silent = pa.array(unknown.all(1))
    return {"outputs": pa.FixedSizeListArray.from_arrays(elements, width, mask=silent)}


def output_rows(outputs: Sequence[Output], subject: Subject, run_id: int) -> list[dict[str, Any]]:
    """Return rows of ``quality_output``."""
    return [
        {
            "quality_run_id": run_id,
            "scope": subject.value,
            "position": position,
            "name": one.name,
            "unit": one.unit,
            "ucd": one.ucd,
            "description": one.description,
        }
        for position, one in enumerate(outputs, 1)
    ]
