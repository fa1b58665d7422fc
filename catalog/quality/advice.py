"""What the authors of models advise against: labels for all stars, and whole kinds of stars."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from starledger.catalog.quality.batches import Batch
from starledger.catalog.quality.facts import Facts
from starledger.catalog.quality.rule import Case, Rule, Simple, Subject, Verdict
from starledger.catalog.quality.thresholds import Thresholds
from starledger.schema.flags import Scope, flag

NOT_RECOMMENDED = flag(Scope.LABEL, "not_recommended")
UNRELIABLE_REGIME = flag(Scope.FIT, "unreliable_regime")

ADVISED_AGAINST: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        ("payne", "apogee"): ("na", "p", "v", "co", "ge"),
        ("dd_payne", "lamost_lrs"): ("li", "sc", "v", "zn", "y", "eu"),
    }
)
"""Elements by system and instrument: what APOGEE does not see in sodium, other spectra do."""

EXTINCTION = "a_v"
"""The extra that holds the extinction in mag, where a model gives it."""
_COOL_DWARF = (4000.0, 4.0)
_HOT_BEHIND_DUST = (7000.0, 3.0)


def advised_against(facts: Facts) -> list[str]:
    """Return the labels of a model that its authors advise against."""
    elements = {
        element
        for (system, instrument), some in ADVISED_AGAINST.items()
        if system == facts.model.system and instrument in facts.instruments
        for element in some
    }
    return [
        name
        for name in facts.labels
        if name.endswith(("_fe", "_h")) and name.rpartition("_")[0] in elements
    ]


def _not_recommended(facts: Facts, _thresholds: Thresholds) -> Case:
    against = np.isin(facts.labels, advised_against(facts))

    def judge(batch: Batch) -> Verdict:
        return Verdict({NOT_RECOMMENDED: np.isfinite(batch.labels) & against})

    return Simple(judge)


def _not_recommended_needs(facts: Facts) -> str | None:
    if not advised_against(facts):
        return "nobody advises against a label of the model"
    return None


def _regime(facts: Facts, _thresholds: Thresholds) -> Case:
    def judge(batch: Batch) -> Verdict:
        teff = batch.label("teff")
        if facts.model.system == "payne":
            wrong = (teff < _COOL_DWARF[0]) & (batch.label("logg") > _COOL_DWARF[1])
        else:
            wrong = (teff > _HOT_BEHIND_DUST[0]) & (batch.column(EXTINCTION) > _HOT_BEHIND_DUST[1])
        return Verdict({UNRELIABLE_REGIME: wrong})

    return Simple(judge)


def _regime_needs(facts: Facts) -> str | None:
    if facts.model.system == "payne":
        return facts.missing_parameters
    if facts.model.system == "boss_net":
        return None if EXTINCTION in facts.extras else f"the model gives no {EXTINCTION}"
    return "the authors of the model name no kind of star"


LABELS = Rule("advice", Subject.FIT, (NOT_RECOMMENDED,), _not_recommended_needs, _not_recommended)
REGIME = Rule("regime", Subject.FIT, (UNRELIABLE_REGIME,), _regime_needs, _regime)
