from __future__ import annotations

import numpy as np
import pytest

from starledger.catalog.quality.thresholds import Thresholds
from starledger.catalog.quality.upper_limit import RULE, UPPER_LIMIT, largest_bound
from tests.catalog.quality.made_facts import batch, facts, verdict, where


def test_the_bound_is_that_of_a_weak_line_of_twice_the_noise() -> None:
    # A line of depth 0.01 per pixel over 16 pixels, of which the abundance is fitted.
    depth = 0.01 * np.ones(16)
    noise = 0.02
    strength = np.linalg.norm(depth) / noise
    bound = noise / np.linalg.norm(np.log(10) * depth)
    assert strength == pytest.approx(2.0)
    assert largest_bound(2.0) == pytest.approx(bound)


def test_only_abundances_that_are_known_are_limits() -> None:
    rows = batch([[5000, 4, 0, 0, np.nan]], bounds=0.3)
    assert where(verdict(RULE, facts(), rows), UPPER_LIMIT) == [[False, False, True, True, False]]
    strict = verdict(RULE, facts(), rows, Thresholds(upper_limit=1.0))
    assert not any(where(strict, UPPER_LIMIT)[0])
    assert RULE.needs(facts(labels=("teff", "logg"))) == "the model gives no abundance"
