"""What errors leave out: the part that all visits of a star share, which repeats cannot show."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from starledger.catalog.calibrate.evidence import Evidence
from starledger.catalog.calibrate.references import Reference
from starledger.catalog.calibrate.robust import FARTHEST, LinearFit, extra_scatter, spread
from starledger.catalog.calibrate.source import Reading

QUADRATURE = "quadrature"
"""The word in a definition that says: the error is the root of its square and this one's."""


@dataclass(frozen=True)
class ReferenceScatter:
    """The scatter about another catalog's labels, beyond the errors of both.

    Parameters
    ----------
    reference
        The catalog, whose errors are trusted and independent of ours.
    """

    reference: Reference

    has_constant = True

    def settings(self) -> dict[str, Any]:
        """Return what it is, for the record."""
        return {**asdict(self.reference), "kind": "scatter about a reference"}

    def collect(self, reading: Reading) -> Evidence:
        """Return for each star the reference value less its own, with the errors of both."""
        return self.reference.collect(reading)


def fit_floor(evidence: Evidence) -> LinearFit:
    """Return the floor: what must be added to the errors that differences are as wide as they say.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> error = rng.uniform(0.02, 0.1, 4000)
    >>> wanted = np.hypot(error, 0.06) * rng.standard_normal(4000)
    >>> one = Evidence(star_id=np.arange(4000), at=np.zeros((4000, 1)), wanted=wanted, error=error)
    >>> floor = fit_floor(one)
    >>> round(float(floor.values[0]), 2), bool(floor.covariance[0, 0] < 0.003**2)
    (0.06, True)
    """
    left = evidence.wanted - np.median(evidence.wanted)
    floor = extra_scatter(left, evidence.error)
    variance = np.hypot(evidence.error, floor) ** 2
    outliers = int((np.abs(left) > FARTHEST * np.sqrt(variance)).sum())
    # A median absolute deviation is known to 1 / √(0.74 n) of itself, and d(width) = floor / width²
    # times d(floor).
    known = np.median(variance) / (max(floor, 1e-12) * np.sqrt(0.74 * len(left)))
    error = min(known, float(np.sqrt(np.median(variance))))
    return LinearFit(np.array([floor]), np.array([[error**2]]), 0.0, outliers)


def validated_floor(fit: LinearFit, evidence: Evidence) -> dict[str, Any]:
    """Return how wide held-out differences are in units of the errors, before and after."""
    if not len(evidence):
        return {"members": 0}
    after = np.hypot(evidence.error, fit.values[0])
    return {
        "members": len(evidence),
        "before": {"pull_width": spread(evidence.wanted / evidence.error)},
        "after": {"pull_width": spread(evidence.wanted / after)},
    }
