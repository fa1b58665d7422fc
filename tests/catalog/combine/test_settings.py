from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from starledger.catalog.combine.settings import BadCombineSettings, CombineSettings, Estimator

OTHERS: dict[str, Any] = {
    "estimator": Estimator.SNR,
    "outlier_sigmas": None,
    "outlier_min_visits": 4,
    "min_snr": 10.0,
    "disagree_p": 0.01,
    "variable_p": 0.01,
    "rv_floor": 1.0,
}


def test_each_setting_changes_the_hash() -> None:
    assert set(OTHERS) == {one.name for one in fields(CombineSettings)}
    hashes = {CombineSettings(**{name: value}).sha256 for name, value in OTHERS.items()}
    assert len(hashes | {CombineSettings().sha256}) == len(OTHERS) + 1


def test_equal_settings_have_equal_hashes() -> None:
    assert CombineSettings(min_snr=0).sha256 == CombineSettings(min_snr=0.0).sha256


@pytest.mark.parametrize(
    "wrong",
    [
        {"outlier_sigmas": 0.0},
        {"outlier_sigmas": float("nan")},
        {"outlier_min_visits": 2},
        {"min_snr": -1.0},
        {"min_snr": float("inf")},
        {"rv_floor": -0.1},
        {"disagree_p": 1.0},
        {"variable_p": -0.1},
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadCombineSettings, match=next(iter(wrong))):
        CombineSettings(**wrong)
