"""The realistic arm of the simulated survey, from files to a release, against the truth.

How well it works with more stars, `benchmarks/realistic_arm.py` tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Server, address
from tests.realistic.light import BlueLight
from tests.realistic.sky import LABELS, make_sky
from tests.realistic.truth import Compared, compared
from tests.realistic.way import ABUNDANCES, User, Way, published

pytestmark = pytest.mark.science

N_STARS, SEED = 8000, 2
"""As `benchmarks/realistic_arm.py` has them, whose figures docs/how-to/calibrate.md tells."""
ALMOST_ONE = 0.1
TREND = 0.02
"""dex"""
TREND_OF_TEFF = 20.0
"""K, of all stars; GALAH's own errors are 45 to 130 K."""
IN_DEX = ("logg", "fe_h", *ABUNDANCES)


@dataclass(frozen=True)
class Walked:
    """What came of the whole way."""

    found: Compared
    said: dict[str, Any]
    verified: Any


@pytest.fixture(scope="module")
def walked(
    server: Server, upgraded: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Walked]:
    """Simulate, ingest, train, fit, judge, combine, calibrate, publish."""
    home: Path = tmp_path_factory.mktemp("realistic")
    with server.database(upgraded) as database, pytest.MonkeyPatch.context() as patch:
        patch.setenv("STARLEDGER_HOME", str(home))
        patch.setenv("STARLEDGER_CONFIG", str(home / "none.toml"))
        patch.setenv("STARLEDGER_DATABASE_URL", address(database))
        way = Way(User(), database, make_sky(home / "sky", N_STARS, SEED, BlueLight.of()))
        way.ingest()
        way.train()
        way.fit()
        said = way.calibrate()
        way.publish()
        verified = way.user("release", "verify", "dr1")
        yield Walked(compared(published(way), way.sky), said, verified)


def test_it_is_big_enough(walked: Walked) -> None:
    found = walked.found
    assert found.everyone.sum() > 5000
    assert (found.held_out & found.single).sum() > 800
    assert (found.in_m67 & found.single).sum() > 200


@pytest.mark.parametrize("label", LABELS)
def test_scaled_errors_of_held_out_repeats_are_honest(walked: Walked, label: str) -> None:
    """Of pairs of nights from which the factor was not derived."""
    held_out = walked.said[f"{label}_errors"]["validation"]["held_out"]
    width = held_out["after"]["one_sigma"]
    chance = width / held_out["members"] ** 0.5
    assert abs(width - 1) < ALMOST_ONE + 2 * chance
    if label in ("fe_h", *ABUNDANCES):
        assert held_out["before"]["one_sigma"] > 1.3


@pytest.mark.parametrize("label", LABELS)
def test_errors_of_combined_labels_are_honest(walked: Walked, label: str) -> None:
    """Against the truth, with the floor; repeats alone leave errors far too small."""
    found = walked.found
    assert found.pulls(label, found.everyone, raw=True).one > 1.3
    for which in (found.everyone, found.held_out):
        width = found.pulls(label, which)
        assert abs(width.one - 1) < ALMOST_ONE + 2 * width.error


@pytest.mark.parametrize("along", ["teff", "logg"])
@pytest.mark.parametrize("label", IN_DEX)
def test_injected_trends_and_zero_points_are_removed(
    walked: Walked, label: str, along: str
) -> None:
    found = walked.found
    alone, m67 = found.held_out & found.single, found.in_m67 & found.single
    for which, bins in ((found.everyone, 6), (alone, 6), (m67, 4)):
        assert found.left(label, along, which, bins, raw=True).largest > 2 * TREND
        assert found.left(label, along, which, bins).surely < TREND


@pytest.mark.parametrize("along", ["teff", "logg"])
def test_trends_of_teff_are_removed(walked: Walked, along: str) -> None:
    found = walked.found
    assert found.left("teff", along, found.everyone, 6, raw=True).largest > 2 * TREND_OF_TEFF
    assert found.left("teff", along, found.everyone, 6).surely < TREND_OF_TEFF


def test_the_release_holds(walked: Walked) -> None:
    assert walked.verified
