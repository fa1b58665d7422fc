from __future__ import annotations

import torch

from starledger.compute.fitters.descent import descend
from starledger.compute.fitters.doppler import Doppler
from starledger.compute.fitters.levenberg import box_of
from starledger.compute.fitters.losses import Squares
from starledger.compute.fitters.problem import Problem
from starledger.compute.fitters.settings import FitSettings
from starledger.compute.fitters.starting import StartingGrid
from tests.compute.fitters.conftest import Observe
from tests.compute.fitters.pretend_emulator import PretendEmulator


def test_it_ends_at_the_minimum_with_its_cost(emulator: PretendEmulator, observe: Observe) -> None:
    settings = FitSettings()
    true = observe(400, 100.0)
    doppler = Doppler(emulator.wavelength)
    readable = doppler.readable(true.rv, doppler.reach_kms)
    ivar = true.spectra.ivar * readable
    problem = Problem(emulator, doppler, Squares(), true.spectra.flux * readable, ivar)
    start = next(StartingGrid.of(emulator, settings).starts(true.spectra, 1))
    found = descend(problem, start, box_of(emulator, settings), settings.tolerance, 40)
    assert float(found.converged.double().mean()) > 0.99
    # What the next step would be, in standard errors; the last one was not tried by most.
    there = problem.at(found.x)
    assert float((found.cost - there.cost).abs().max()) < 0.02
    step = torch.linalg.solve(there.matrix, there.right)
    left = (there.right * step).sum(1).clamp(min=0.0).sqrt()[found.converged]
    assert float(left.quantile(0.99)) < settings.tolerance
    assert float(left.max()) < 2.0 * settings.tolerance
