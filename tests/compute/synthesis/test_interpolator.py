from __future__ import annotations

from pathlib import Path

import torch

from starledger.compute.synthesis.interpolator import Interpolator

MAKER = torch.Generator().manual_seed(1)
LABELS = torch.rand(600, 4, generator=MAKER)
LABELS[:, 3] = 7.0  # does not vary
PIXELS = torch.linspace(0, 6, 50)
SPECTRA = 1 - 0.5 * torch.exp(-LABELS[:, :1] * 2) * torch.sin(PIXELS + LABELS[:, 1:2]) ** 2


def fitted(seed: int = 0) -> Interpolator:
    return Interpolator.fit(LABELS[:500], SPECTRA[:500], components=8, hidden=32, seed=seed)


def test_gives_spectra_that_it_has_not_seen(tmp_path: Path) -> None:
    interpolator = fitted()
    assert float(interpolator.error(LABELS[500:], SPECTRA[500:]).median()) < 0.003
    interpolator.save(tmp_path / "interpolator.npz")
    again = Interpolator.load(tmp_path / "interpolator.npz")
    assert torch.equal(again(LABELS), interpolator(LABELS))


def test_a_seed_makes_it_reproducible() -> None:
    assert torch.equal(fitted(3)(LABELS), fitted(3)(LABELS))
