"""What the held-out part of a sample shows of a calibration."""

from __future__ import annotations

from typing import Any

import numpy as np

from starledger.catalog.calibrate.bases import Basis
from starledger.catalog.calibrate.evidence import Evidence
from starledger.catalog.calibrate.formula import BoolArray, FloatArray
from starledger.catalog.calibrate.robust import LinearFit, spread

FEWEST_IN_BIN, MOST_BINS = 10, 10


def split(count: int, share: float, seed: int) -> BoolArray:
    """Return which members are held out: a share of them, drawn with a seed.

    Examples
    --------
    >>> int(split(100, 0.2, seed=1).sum())
    20
    """
    held_out = np.zeros(count, bool)
    drawn = np.random.default_rng(seed).permutation(count)
    held_out[drawn[: round(share * count)]] = True
    return held_out


def validated(basis: Basis, fit: LinearFit, evidence: Evidence) -> dict[str, Any]:
    """Return how far held-out members are off before and after the correction.

    ``median`` and ``scatter`` are of what is left to be corrected, ``trend`` is the largest median
    among bins of the first variable, in the label's unit; ``pull_width`` is the spread in units of
    the errors and the scatter that the fitted members showed.
    """
    if not len(evidence):
        return {"members": 0}
    before = _centred(evidence.wanted, evidence)
    after = _centred(evidence.wanted - corrections(basis, fit, evidence), evidence)
    sigma = np.hypot(evidence.error, fit.scatter)
    return {
        "members": len(evidence),
        "before": _described(before, evidence.at[:, 0]),
        "after": _described(after, evidence.at[:, 0]),
        "pull_width": spread(after / sigma),
    }


def corrections(basis: Basis, fit: LinearFit, evidence: Evidence) -> FloatArray:
    """Return the corrections of members, of pairs their difference."""
    values = basis.design(evidence.at) @ fit.values
    if evidence.partner_at is not None:
        values = values - basis.design(evidence.partner_at) @ fit.values
    return np.asarray(values)


def bins_of(at: FloatArray) -> list[np.ndarray]:
    """Return the members of bins with like numbers of members, along a variable."""
    count = int(np.clip(len(at) // FEWEST_IN_BIN, 1, MOST_BINS))
    return np.array_split(np.argsort(at, kind="stable"), count)


def _described(left: FloatArray, at: FloatArray) -> dict[str, float]:
    medians = [float(np.median(left[rows])) for rows in bins_of(at)]
    return {
        "median": float(np.median(left)),
        "scatter": spread(left),
        "trend": max(map(abs, medians)),
    }


def _centred(left: FloatArray, evidence: Evidence) -> FloatArray:
    """Return what is left, less each group's own constant."""
    if evidence.group is None:
        return left
    centred = left.copy()
    for number in np.unique(evidence.group):
        mine = evidence.group == number
        centred[mine] -= np.median(left[mine])
    return centred
