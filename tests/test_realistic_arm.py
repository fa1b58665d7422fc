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
BIAS_IN_M67 = 0.05
"""dex: the Cannon's own bias for stars of its stuff, which is no function of Teff and log g."""
TOO_WIDE = {"teff": 0.7, "logg": 0.8}
"""GALAH's own errors of these are two to four times ours, and hide how large ours are: what the
scatter about it shows comes out with the tails of binaries and cool dwarfs, too large for most."""
IN_DEX = ("fe_h", *ABUNDANCES)


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
    if label in IN_DEX:
        assert held_out["before"]["one_sigma"] > 1.3


@pytest.mark.parametrize("label", LABELS)
def test_errors_of_combined_labels_are_honest(walked: Walked, label: str) -> None:
    """Against the truth, with the floor; repeats alone leave errors far too small."""
    found = walked.found
    raw, now = (found.pulls(label, found.everyone, raw=raw) for raw in (True, False))
    assert raw.one > 1.5
    assert now.one < 1 + ALMOST_ONE + 2 * now.error
    assert now.one > TOO_WIDE.get(label, 1 - ALMOST_ONE) - 2 * now.error
    # Held-out stars are nearer, brighter and of solar metallicity: for them errors are safe.
    held_out = found.pulls(label, found.held_out)
    assert 0.7 < held_out.one < 1 + ALMOST_ONE + 2 * held_out.error


@pytest.mark.parametrize("along", ["teff", "logg"])
@pytest.mark.parametrize("label", IN_DEX)
def test_injected_trends_and_zero_points_are_removed(
    walked: Walked, label: str, along: str
) -> None:
    found = walked.found
    alone = found.held_out & found.single
    assert found.left(label, along, found.everyone, 6, raw=True).largest > 3 * TREND
    for which in (found.everyone, alone):
        assert found.left(label, along, which, 6).surely < TREND
    m67 = found.in_m67 & found.single
    assert found.left(label, along, m67, 4, raw=True).largest > 3 * TREND
    assert found.left(label, along, m67, 4).surely < BIAS_IN_M67


def test_zero_points_of_teff_and_logg_are_removed(walked: Walked) -> None:
    found = walked.found
    for label, most in (("teff", 25.0), ("logg", 0.03)):
        for along in ("teff", "logg"):
            assert found.left(label, along, found.everyone, 6).surely < most


def test_the_release_holds(walked: Walked) -> None:
    assert walked.verified
