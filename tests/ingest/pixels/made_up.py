"""Made-up spectra, and files of them that take no time to read: JSON instead of pixels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from starledger.ingest.pixels.spectrum import Grid, Pixels, ReadSpectrum, UnreadableSpectrum

BITS = ((0, "BADPIX"), (3, "BRIGHTSKY"))


def made_up(external_id: str = "1", **about: Any) -> ReadSpectrum:
    """Return a spectrum whose pixels follow from ``seed`` and ``n_pixels``."""
    seed, n_pixels = about.pop("seed", 0), about.pop("n_pixels", 20)
    has_or_mask = about.pop("has_or_mask", True)
    rng = np.random.default_rng([seed, n_pixels])
    mask = rng.integers(0, 16, (2, n_pixels), dtype=np.int32)
    pixels = Pixels(
        rng.normal(size=n_pixels).astype(np.float32),
        rng.random(n_pixels).astype(np.float32),
        mask[0],
        mask[1] if has_or_mask else None,
    )
    told: dict[str, Any] = {
        "instrument": "lamost_lrs",
        "kind": "visit",
        "frame": "barycentric",
        "grid": Grid("log10", "vacuum", 3700.0, 1e-4),
        "ra": 150.0,
        "dec": 2.0,
        "mjd_mid": 56000.25,
        "time_scale": "utc",
        "mask_bits": BITS,
    }
    return ReadSpectrum(external_id=external_id, pixels=pixels, **told | about)


def write_file(path: Path, *spectra: dict[str, Any]) -> Path:
    """Write a file that `read_made_up` reads; each spectrum is told by arguments of `made_up`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(spectra))
    return path


def read_made_up(_survey: str, name: str, contents: bytes) -> tuple[str, list[ReadSpectrum]]:
    """Read such a file."""
    try:
        told = json.loads(contents)
    except ValueError:
        raise UnreadableSpectrum(f"{name} is cut off.") from None
    if told == "mistake":
        raise ZeroDivisionError("division by zero")
    return "made_up", [made_up(**one) for one in told]
