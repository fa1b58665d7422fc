"""The page on a calibration of one's own: its source of evidence, and what it derives."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from starledger.schema.database import Database
from tests.catalog.calibrate.conftest import surveyed
from tests.catalog.calibrate.sky import LABELS, Sky
from tests.conftest import Command, address
from tests.followed_pages import followed

__all__ = ["surveyed"]

pytestmark = pytest.mark.integration

STARS = 400
OFF = 0.05
"""By how much the page's gravities are larger than ours (dex)."""


def test_the_page_can_be_followed(
    surveyed: tuple[Database, Sky],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    starledger: Command,
) -> None:
    database, sky = surveyed
    monkeypatch.setenv("STARLEDGER_DATABASE_URL", address(database))
    # Where a dataclass is made, Python looks for the module that it is of.
    monkeypatch.setitem(sys.modules, "page", ModuleType("page"))
    ours = sky.labels[:, LABELS.index("logg")]
    rows = np.flatnonzero((ours > 1.5) & (ours < 3.8))[:STARS]
    given = {
        "star_id": sky.star_id[rows],
        "logg": ours[rows].astype(float) + OFF,
        "err_logg": np.full(len(rows), 0.02),
        "combination": sky.runs["sky_combination"],
    }
    known = followed("your-own-calibration.md", given)
    assert known["calibration"].title == "logg_seismic:1"
    assert known["after"].labels["logg"][0] == pytest.approx(2.4 + OFF, abs=0.01)
    assert not known["after"].held["logg"][0]
    sound = sky.star_id[rows][~sky.flagged[rows]]
    np.testing.assert_array_equal(known["outcome"].derived.evidence.star_id, sound)
    shown = json.loads(starledger("calibrate", "show", "logg_seismic", "--json").out)
    assert (home / shown["figure"]).exists()

    again = followed("your-own-calibration.md", given)
    assert again["outcome"].unchanged
    next_one = followed("your-own-calibration.md", {**given, "logg": given["logg"] + 0.01})
    assert next_one["calibration"].title == "logg_seismic:2"
    differ = starledger("calibrate", "diff", "logg_seismic:1", "logg_seismic:2", "--json")
    assert abs(json.loads(differ.out)["largest"]) == pytest.approx(0.01, abs=1e-3)
