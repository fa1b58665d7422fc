from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from starledger.catalog.quality.batches import Batch
from starledger.catalog.quality.chi2_excess import (
    AT_SODIUM,
    CHI2_EXCESS,
    IN_WINDOWS,
    WHOLE,
    WINDOW_CHI2,
    Excess,
    windowed,
)
from starledger.catalog.quality.thresholds import Thresholds
from tests.catalog.quality.made_facts import batch, facts, learnt

N = 3000


def sample(giants: int = 1000) -> Batch:
    """Return fits whose χ² grows with S/N, and with Teff in dwarfs only."""
    rng = np.random.default_rng(4)
    giant = np.arange(N) < giants
    teff = np.where(giant, rng.uniform(4200, 5200, N), rng.uniform(4600, 7000, N))
    logg = np.where(giant, 2.5, 4.4)
    labels = np.stack([teff, logg, rng.uniform(-1, 0.4, N), np.zeros(N), np.zeros(N)], 1)
    snr = rng.uniform(20, 450, N)
    typical = 1 + (snr / 200) ** 2 + np.where(giant, 2, (teff - 5000) / 4000)
    reduced = typical * rng.normal(1, 0.05, N)
    return batch(labels, snr=snr, chi2=reduced * 3000, n_pixels=np.full(N, 3005.0))


def like(rows: Batch, **changes: Any) -> Batch:
    columns = {**rows.columns, **changes}
    return Batch(rows.ids, rows.names, rows.labels, rows.bounds, columns)


def test_the_ratio_is_a_standard_normal_in_both_populations() -> None:
    rows = sample()
    case = learnt(WHOLE, facts(), rows)
    ratio = case.judge(rows).outputs["chi2ratio"]
    for some in (slice(0, 1000), slice(1000, N)):
        assert np.median(ratio[some]) == pytest.approx(0, abs=0.15)
        spread = 1.4826 * np.median(np.abs(ratio[some]))
        assert spread == pytest.approx(1, abs=0.15)
    assert case.judge(rows).flags[CHI2_EXCESS].mean() < 0.002


def test_bad_fits_are_found_and_do_not_hide_each_other() -> None:
    rows = sample()
    bad = np.arange(N) % 10 == 3
    spoiled = like(rows, chi2=rows.columns["chi2"] * np.where(bad, 2.5, 1.0))
    flagged = learnt(WHOLE, facts(), spoiled).judge(spoiled).flags[CHI2_EXCESS]
    assert flagged[bad].mean() > 0.97
    assert flagged[~bad].mean() < 0.005


@pytest.mark.parametrize(
    ("snr", "limit"), [(50, 5), (199, 5), (201, 7.5), (301, 10), (401, 12.5), (501, 15), (999, 15)]
)
def test_bright_spectra_may_exceed_by_more(snr: float, limit: float) -> None:
    excess = Excess(lambda rows: rows.column("chi2"), Thresholds())
    rows = batch([[5777, 4.4, 0, 0, 0]] * 2, snr=[snr, snr])
    ratio = np.array([limit - 0.01, limit + 0.01])
    assert excess.too_high(rows, ratio).tolist() == [False, True]


def test_a_population_of_few_is_not_judged() -> None:
    rows = sample(giants=50)
    ratio = learnt(WHOLE, facts(), rows).judge(rows).outputs["chi2ratio"]
    assert np.isnan(ratio[:50]).all()
    assert np.isfinite(ratio[50:]).all()


def test_windows_of_lines_are_judged_label_by_label() -> None:
    about = facts(extras=("chi2_mg_fe", "chi2_teff_of_no_label"))
    assert windowed(about) == ["mg_fe"]
    rows = sample()
    quantity = rows.columns["chi2"].copy()
    quantity[1500] *= 3
    rows = like(rows, chi2_mg_fe=quantity)
    flagged = learnt(IN_WINDOWS, about, rows).judge(rows).flags[WINDOW_CHI2]
    assert flagged[1500].tolist() == [False, False, False, False, True]
    assert not flagged[:, :4].any()


def test_what_lacks_is_told() -> None:
    assert AT_SODIUM.needs(facts()) == "the model gives no chi2_na"
    assert IN_WINDOWS.needs(facts()) == "the model gives no χ² in windows, such as chi2_mg_fe"
    assert WHOLE.needs(facts(labels=("teff", "fe_h"))) == "the model gives no logg"
