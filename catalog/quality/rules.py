"""All rules of quality runs: the one list in which they are found."""

from __future__ import annotations

from starledger.catalog.quality import (
    advice,
    binary_parallax,
    chi2_excess,
    extrapolation,
    gradients,
    surroundings,
    training_range,
    upper_limit,
)
from starledger.catalog.quality.rule import Rule

RULES: tuple[Rule, ...] = (
    gradients.RULE,
    chi2_excess.WHOLE,
    chi2_excess.AT_SODIUM,
    chi2_excess.IN_WINDOWS,
    training_range.EDGE,
    training_range.OUTSIDE,
    extrapolation.RULE,
    advice.LABELS,
    advice.REGIME,
    upper_limit.RULE,
    binary_parallax.RULE,
    surroundings.BLEND,
    surroundings.MATCH,
    surroundings.WOBBLE,
)
"""In the order in which they judge and in which their numbers stand in arrays."""
