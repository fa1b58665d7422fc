"""Facts of a model and batches of its fits, without a ledger."""

from __future__ import annotations

from typing import Any

import numpy as np

from starledger.catalog.quality.batches import Batch
from starledger.catalog.quality.facts import Facts
from starledger.catalog.quality.rule import Case, Rule, Verdict
from starledger.catalog.quality.thresholds import Thresholds
from starledger.compute.models.registry import Registered
from starledger.schema.flags import Flag
from tests.catalog.quality.made_sample import HIGH, LOW, NAMES


def facts(system: str = "payne", labels: tuple[str, ...] = NAMES, **more: Any) -> Facts:
    """Return the facts of a model."""
    model = Registered(1, "small", system, "0" * 64, "x", labels, "for tests", None)
    known = {name: (low, high) for name, low, high in zip(NAMES, LOW, HIGH, strict=True)}
    ranges = [known.get(name, (np.nan, np.nan)) for name in labels]
    low, high = np.array(ranges, np.float64).T
    return Facts(model, low, high, **more)


def batch(
    labels: Any, names: tuple[str, ...] = NAMES, bounds: float = 0.05, **columns: Any
) -> Batch:
    """Return a batch of rows with such labels."""
    rows = np.array(labels, np.float64)
    return Batch(
        np.arange(len(rows)),
        names,
        rows,
        np.full(rows.shape, bounds),
        {name: np.array(values, np.float64) for name, values in columns.items()},
    )


def learnt(rule: Rule, about: Facts, sample: Batch, said: Thresholds | None = None) -> Case:
    """Return a rule that has seen a sample."""
    case = rule.begin(about, said or Thresholds())
    case.see(sample)
    case.settle()
    return case


def verdict(rule: Rule, about: Facts, rows: Batch, said: Thresholds | None = None) -> Verdict:
    """Return what a rule says that needs no sample."""
    return rule.begin(about, said or Thresholds()).judge(rows)


def where(found: Verdict, flag: Flag) -> list[Any]:
    """Return where a flag is raised."""
    listed: list[Any] = found.flags[flag].tolist()
    return listed
