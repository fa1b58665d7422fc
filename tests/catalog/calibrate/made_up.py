"""Evidence made up for tests of fits."""

from __future__ import annotations

import numpy as np

from starledger.catalog.calibrate.bases import Polynomial
from starledger.catalog.calibrate.evidence import Evidence

SLOPE = Polynomial(((1,),), (5772.0,), (1000.0,))


def evidence(count: int, seed: int, outliers: float = 0.0, scatter: float = 0.0) -> Evidence:
    """Return evidence of a slope of 0.1 dex a 1000 K."""
    rng = np.random.default_rng(seed)
    at = rng.uniform(4500, 6500, (count, 1))
    error = rng.uniform(0.01, 0.05, count)
    wanted = 0.1 * (at[:, 0] - 5772) / 1000 + np.hypot(error, scatter) * rng.standard_normal(count)
    wanted[rng.random(count) < outliers] += 1.0
    return Evidence(star_id=np.arange(count), at=at, wanted=wanted, error=error)
