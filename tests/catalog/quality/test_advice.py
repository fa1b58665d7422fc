from __future__ import annotations

from starledger.catalog.quality.advice import (
    LABELS,
    REGIME,
    UNRELIABLE_REGIME,
    advised_against,
)
from tests.catalog.quality.made_facts import batch, facts, verdict, where


def test_advice_is_for_a_system_and_an_instrument() -> None:
    named = ("teff", "na_fe", "v_h", "sc_fe", "mg_fe", "m_h")
    assert advised_against(facts(labels=named, instruments=("apogee",))) == ["na_fe", "v_h"]
    assert advised_against(facts(labels=named, instruments=("lamost_lrs",))) == []
    dd_payne = facts("dd_payne", labels=named, instruments=("lamost_lrs",))
    assert advised_against(dd_payne) == ["v_h", "sc_fe"]
    assert LABELS.needs(facts("cannon")) == "nobody advises against a label of the model"


def test_cool_dwarfs_of_the_payne() -> None:
    rows = batch([[3900, 4.5, 0, 0, 0], [3900, 1.0, 0, 0, 0], [4100, 4.5, 0, 0, 0]])
    assert where(verdict(REGIME, facts(), rows), UNRELIABLE_REGIME) == [True, False, False]


def test_hot_stars_behind_dust_of_boss_net() -> None:
    about = facts("boss_net", extras=("a_v",))
    rows = batch([[8000, 4, 0, 0, 0], [8000, 4, 0, 0, 0], [6000, 4, 0, 0, 0]], a_v=[3.1, 2.9, 5])
    assert REGIME.needs(about) is None
    assert where(verdict(REGIME, about, rows), UNRELIABLE_REGIME) == [True, False, False]
    assert REGIME.needs(facts("boss_net")) == "the model gives no a_v"
    assert REGIME.needs(facts("cannon")) == "the authors of the model name no kind of star"
