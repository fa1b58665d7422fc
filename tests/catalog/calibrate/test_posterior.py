from __future__ import annotations

import pytest

from starledger.catalog.calibrate import posterior
from tests.catalog.calibrate.made_up import SLOPE, evidence


def test_monte_carlo_gives_the_same_with_the_same_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posterior, "STEPS", 60)
    monkeypatch.setattr(posterior, "BURNED", 20)
    one = evidence(200, 1, outliers=0.1)
    first, again, other = (posterior.sample_posterior(SLOPE, one, seed) for seed in (3, 3, 4))
    assert first.values.tolist() == again.values.tolist()
    assert first.values.tolist() != other.values.tolist()
    assert abs(first.values[0] - 0.1) < 0.03
