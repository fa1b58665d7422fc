from __future__ import annotations

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table

from starledger.catalog.demo.recovery import recovered


def visits(count: int, bias: float, scatter: float) -> Table:
    draw = np.random.default_rng(1)
    truth = draw.uniform(-1.0, 0.5, count)
    found = truth + bias + scatter * draw.standard_normal(count)
    ones = np.ones(count)
    return Table(
        {
            "fe_h": found, "err_fe_h": 0.1 * ones, "crlb_fe_h": 0.05 * ones, "other_fe_h": truth,
            "bits_fe_h": np.where(np.arange(count) % 4 == 0, 16, 0),
            "mg_fe": MaskedColumn(found, mask=True), "err_mg_fe": ones, "other_mg_fe": truth,
        }
    )  # fmt: skip


def test_bias_scatter_and_pulls_are_those_of_the_draw() -> None:
    (found,) = recovered(visits(20_000, 0.02, 0.05), ["fe_h", "mg_fe"])
    assert (found.label, found.count) == ("fe_h", 20_000)
    assert found.bias == pytest.approx(0.02, abs=0.002)
    assert found.scatter == pytest.approx(0.05, rel=0.03)
    assert found.error == pytest.approx(0.1)
    assert found.pull == pytest.approx(np.hypot(0.05, 0.02) / 0.1, rel=0.05)
    assert found.bound == pytest.approx(0.05)
    assert found.unflagged == 15_000
    assert found.bias_in_bounds == pytest.approx(0.4, abs=0.04)
    assert found.times_bound == pytest.approx(2 * found.pull)


def test_without_bounds_there_are_none() -> None:
    table = visits(100, 0.0, 0.1)
    table.remove_column("crlb_fe_h")
    (found,) = recovered(table, ["fe_h"])
    assert (found.bound, found.bias_in_bounds, found.times_bound) == (None, None, None)
