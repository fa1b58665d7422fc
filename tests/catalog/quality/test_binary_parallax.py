"""On stars whose magnitudes labels tell to 0.2 mag, a tenth of them pairs of equals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from starledger.catalog.quality.batches import Batch
from starledger.catalog.quality.binary_parallax import BINARY_PARALLAX, RULE
from starledger.catalog.quality.facts import SkyCounts
from tests.catalog.quality.made_facts import batch, facts, learnt
from tests.catalog.quality.made_sample import magnitude

EQUALS = 2.5 * np.log10(2.0)


def stars(n: int = 4000, dust: float = 0.0) -> tuple[Batch, np.ndarray]:
    """Return dwarfs with what Gaia says of them, and which are two."""
    rng = np.random.default_rng(8)
    zero = np.zeros(n)
    labels = np.stack(
        [rng.uniform(4800, 6900, n), rng.uniform(4.0, 4.7, n), rng.uniform(-1, 0.4, n), zero, zero],
        1,
    )
    double = np.arange(n) % 10 == 0
    parallax = rng.uniform(1.0, 5.0, n)
    reddening = dust * rng.uniform(0, 1, n)
    free = magnitude(labels) + rng.normal(0, 0.1, n) - EQUALS * double
    free += 10 - 5 * np.log10(parallax)
    sky = {
        "parallax": parallax + rng.normal(0, 0.02, n),
        "err_parallax": np.full(n, 0.02),
        # Dust dims G by 1.9 times as much as it reddens BP - RP.
        "g": free + 1.9 * (0.8 + reddening),
        "bp": 0.8 + reddening,
        "rp": zero,
    }
    return batch(labels, **sky), double


@pytest.mark.parametrize("dust", [0.0, 1.0])
def test_pairs_are_found_and_single_stars_are_not(dust: float) -> None:
    sample, double = stars(dust=dust)
    verdict = learnt(RULE, facts(), sample).judge(sample)
    flagged = verdict.flags[BINARY_PARALLAX]
    assert flagged[double].mean() > 0.9
    assert flagged[~double].mean() < 0.005
    excess = verdict.outputs["parallax_excess"][~double]
    assert np.median(excess) == pytest.approx(0, abs=0.15)
    assert 1.4826 * np.median(np.abs(excess - np.median(excess))) == pytest.approx(1, abs=0.15)


def test_a_star_that_is_too_faint_is_no_binary() -> None:
    sample, _ = stars()
    case = learnt(RULE, facts(), sample)
    fainter = Batch(
        sample.ids, sample.names, sample.labels, sample.bounds,
        {**sample.columns, "g": sample.columns["g"] + 1.5},
    )  # fmt: skip
    assert not case.judge(fainter).flags[BINARY_PARALLAX].any()


def test_bright_giants_hot_stars_and_the_unknown_are_not_judged() -> None:
    sample, _ = stars()
    case = learnt(RULE, facts(), sample)
    sky: dict[str, Any] = {"parallax": [3.0] * 4, "err_parallax": [0.02] * 4}
    sky |= {"bp": [1.0] * 4, "rp": [0.0] * 4}
    odd = batch(
        [[4800, 2.5, 0, 0, 0], [7100, 4.2, 0, 0, 0], [5777, 4.4, 0, 0, 0], [5777, 4.4, 0, 0, 0]],
        **sky, g=[1.0, 1.0, np.nan, 1.0],
    )  # fmt: skip
    found = case.judge(odd)
    assert found.flags[BINARY_PARALLAX].tolist() == [False, False, False, True]
    assert np.isnan(found.outputs["spec_parallax"]).tolist() == [True, True, True, False]


def test_few_stars_tell_nothing() -> None:
    sample, _ = stars(90)
    assert not learnt(RULE, facts(), sample).judge(sample).flags[BINARY_PARALLAX].any()
    assert RULE.needs(facts(sky=SkyCounts(9, 9, 0, 0, 0))) == (
        "no star of the sample has a parallax and magnitudes of Gaia"
    )
