from __future__ import annotations

import pytest

from starledger.catalog.quality.thresholds import BadThreshold, Thresholds


def test_those_not_given_are_as_published() -> None:
    found = Thresholds.given(["ruwe=1.5", "gradcorr=0.6"])
    assert (found.ruwe, found.gradcorr, found.binary_parallax) == (1.5, 0.6, 3.0)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("rewe=1", "Did you mean ruwe?"),
        ("zzzzzz=1", "There are giant_teff"),
        ("ruwe", "Write ruwe=1.5."),
        ("ruwe=much", "Write ruwe=1.5."),
        ("ruwe=-1", "above 0"),
        ("ruwe=nan", "above 0"),
        ("ruwe=inf", "above 0"),
        ("extrapolation=1.5", "below 1"),
        ("gradcorr_fe_h=0.001", "0.01 dex"),
    ],
)
def test_what_cannot_be_is_refused(word: str, said: str) -> None:
    with pytest.raises(BadThreshold) as refused:
        Thresholds.given([word])
    assert said in str(refused.value)
