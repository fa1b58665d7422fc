"""The realistic arm of the simulated survey from files to a release, measured against the truth.

    python -m benchmarks.realistic_arm --stars 8000 --seed 2

Simulates LAMOST spectra with faults of all kinds, Gaia, and a GALAH DR2 whose labels drift by known
curves; trains a Cannon on the overlap, fits with Dask, judges, combines, derives calibrations from
wide binaries and GALAH DR3, publishes, and compares with the truth. M67 and a third of the pairs
are held out of everything. `tests/test_realistic_arm.py` (`make test-science`) goes the same way.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from tests.realistic.light import BlueLight
from tests.realistic.sky import LABELS, make_sky
from tests.realistic.truth import Compared, Trend, compared
from tests.realistic.way import User, Way, published

from starledger.schema.database import open_database
from starledger.schema.migrate import upgrade
from starledger.schema.settings import load_settings

SHOWN = {"all": 6, "held out, single": 6, "M67, single": 4}
"""Stars whose trends are shown, and in how many bins."""


class Clock:
    """Tells how long each step took."""

    def __init__(self) -> None:
        self.began = time.monotonic()

    def __call__(self, what: str) -> None:
        """Print what was done since the last call."""
        now = time.monotonic()
        print(f"{what}: {now - self.began:.0f} s", flush=True)
        self.began = now


def walk(folder: Path, n_stars: int, seed: int) -> tuple[Compared, dict[str, Any]]:
    """Go the whole way; return the release beside the truth, and what derivations said."""
    tell = Clock()
    light = BlueLight.of()
    tell("library of spectra")
    sky = make_sky(folder / "sky", n_stars, seed, light)
    tell(f"{n_stars:,} stars simulated")
    with open_database(load_settings({}).settings) as database:
        upgrade(database.engine())
        way = Way(User(), database, sky)
        way.ingest()
        tell("ingested, matched, stars assigned")
        tell(f"{way.train():,} stars taught the Cannon")
        way.fit()
        tell("fitted, judged, combined")
        said = way.calibrate()
        tell(f"{len(said)} calibrations derived")
        way.publish()
        tell("published")
        return compared(published(way), sky), said


def show(found: Compared, said: dict[str, Any]) -> None:
    """Print what was found."""
    groups = {
        "all": found.everyone,
        "held out": found.held_out,
        "held out, single": found.held_out & found.single,
        "M67, single": found.in_m67 & found.single,
        "unresolved binaries": ~found.single,
    }
    print("\nWidths of pulls: 68 % ± sampling error (95 % / 2, root mean square)")
    for label in LABELS:
        repeats = said[f"{label}_errors"]["validation"]["held_out"]
        print(f"{label}: held-out repeats {repeats['before']} -> {repeats['after']}")
        for name, which in groups.items():
            before, after = (found.pulls(label, which, raw=raw) for raw in (True, False))
            print(f"  {name} ({after.count}): raw errors {before}, calibrated {after};"
                  f" off by {found.scatter(label, which):.3f}")  # fmt: skip
    print("\nLeft in labels, before and after calibration")
    for label in LABELS:
        for along in ("teff", "logg"):
            for name, bins in SHOWN.items():
                trends = [
                    found.left(label, along, groups[name], bins, raw=raw) for raw in (True, False)
                ]
                print(f"{label} along {along}, {name}: {_largest(*trends)}")


def _largest(before: Trend, after: Trend) -> str:
    rows = "; ".join(
        f"{at:.4g}: {old:+.3f} -> {new:+.3f} ± {error:.3f}"
        for at, old, new, error in zip(before.at, before.left, after.left, after.error, strict=True)
    )
    return f"{before.largest:.3f} -> {after.largest:.3f} [{rows}]"


def main() -> None:
    """Go the way in a folder of its own, which is removed at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stars", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(1)
    folder = Path(tempfile.mkdtemp(prefix="starledger-realistic-"))
    folder.chmod(0o755)
    os.environ |= {"STARLEDGER_HOME": str(folder), "STARLEDGER_CONFIG": str(folder / "none.toml")}
    try:
        show(*walk(folder, given.stars, given.seed))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
