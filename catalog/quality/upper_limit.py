"""Abundances that are upper limits: the lines of the element are weaker than twice the noise."""

from __future__ import annotations

import numpy as np

from starledger.catalog.quality.batches import Batch
from starledger.catalog.quality.facts import Facts
from starledger.catalog.quality.rule import Case, Rule, Simple, Subject, Verdict
from starledger.catalog.quality.thresholds import Thresholds
from starledger.schema.flags import Scope, flag
from starledger.schema.labels import LABELS

UPPER_LIMIT = flag(Scope.LABEL, "upper_limit")


def largest_bound(sigmas: float) -> float:
    """Return the Cramér–Rao bound in dex at which weak lines are so many times the noise.

    A weak line grows in proportion to the number of atoms, so that d ln W = ln 10 · d[X/Fe], and
    the noise over the strength is ln 10 times the bound.

    Examples
    --------
    >>> round(largest_bound(2.0), 3)
    0.217
    """
    return float(1.0 / (sigmas * np.log(10.0)))


def _begin(facts: Facts, thresholds: Thresholds) -> Case:
    largest = largest_bound(thresholds.upper_limit)
    abundances = np.array([LABELS[name].element is not None for name in facts.labels])

    def judge(batch: Batch) -> Verdict:
        weak = (batch.bounds > largest) & abundances
        return Verdict({UPPER_LIMIT: weak & np.isfinite(batch.labels)})

    return Simple(judge)


def _needs(facts: Facts) -> str | None:
    if any(LABELS[name].element is not None for name in facts.labels):
        return None
    return "the model gives no abundance"


RULE = Rule("upper_limit", Subject.FIT, (UPPER_LIMIT,), _needs, _begin)
