from __future__ import annotations

import pytest
import torch
from torch import Tensor

from starledger.compute.fitters.levenberg import Levenberg
from starledger.compute.fitters.settings import FitSettings
from starledger.compute.models.base import Spectra
from tests.compute.fitters.conftest import Observe
from tests.compute.fitters.pretend_emulator import PretendEmulator


class Starts:
    """Starting points that a test chooses."""

    def __init__(self, *starts: Tensor) -> None:
        self.chosen, self.asked = torch.stack(starts), 0

    def starts(self, _: Spectra, count: int) -> Tensor:
        self.asked = count
        return self.chosen[:count]


def test_a_second_start_finds_what_the_first_one_missed(
    emulator: PretendEmulator, observe: Observe, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = observe(20, 100.0, at=120.0)
    middle = ((emulator.low + emulator.high) / 2.0).double().repeat(20, 1)
    wrong = torch.cat([middle, torch.full((20, 1), -150.0, dtype=torch.float64)], 1)
    right = torch.cat([middle, torch.full((20, 1), 110.0, dtype=torch.float64)], 1)

    def fitted(n_starts: int, *starts: Tensor) -> Tensor:
        fitter = Levenberg(emulator, FitSettings(n_starts=n_starts))
        chosen = Starts(*starts)
        monkeypatch.setattr(fitter, "grid", chosen)
        fits = fitter.fit(true.spectra)
        assert chosen.asked == n_starts
        assert fits.rv is not None
        return fits.rv

    alone = fitted(1, wrong)
    assert int(((alone - 120.0).abs() > 5.0).sum()) > 10
    assert float((fitted(2, wrong, right) - 120.0).abs().max()) < 2.0
    # The better of the two counts, whichever comes first.
    assert float((fitted(2, right, wrong) - 120.0).abs().max()) < 2.0


def test_a_good_fit_needs_no_second_start(
    emulator: PretendEmulator, observe: Observe, monkeypatch: pytest.MonkeyPatch
) -> None:
    spectra = observe(5, 100.0, at=0.0).spectra
    middle = ((emulator.low + emulator.high) / 2.0).double().repeat(5, 1)
    at_rest = torch.cat([middle, torch.zeros(5, 1, dtype=torch.float64)], 1)
    fits = []
    for second in (at_rest, torch.full_like(at_rest, torch.nan)):
        fitter = Levenberg(emulator, FitSettings(n_starts=2))
        monkeypatch.setattr(fitter, "grid", Starts(at_rest, second))
        fits.append(fitter.fit(spectra))
    assert torch.equal(fits[0].labels, fits[1].labels)
