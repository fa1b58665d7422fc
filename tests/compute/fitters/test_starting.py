from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from starledger.compute.fitters.guessing import Guesser
from starledger.compute.fitters.settings import FitSettings
from starledger.compute.fitters.starting import StartingGrid, spread_labels
from starledger.compute.models.base import Spectra
from tests.compute.fitters.conftest import Observe
from tests.compute.fitters.pretend_emulator import PretendEmulator


def test_a_start_lies_near_the_star(emulator: PretendEmulator, observe: Observe) -> None:
    true = observe(200, 100.0)
    start = next(StartingGrid.of(emulator, FitSettings()).starts(true.spectra, 1))
    # Velocities are tried 30 km/s apart.
    assert float((start[:, -1] - true.rv).abs().quantile(0.9)) < 5.0
    away = (start[:, :-1] - true.labels).abs() / (emulator.high - emulator.low)
    assert float(away[:, :2].median()) < 0.03
    assert float(away.median()) < 0.1


def test_guesses_do_not_mind_pixels_that_are_masked(
    emulator: PretendEmulator, observe: Observe
) -> None:
    true = observe(50, 100.0, at=30.0)
    flux, ivar = true.spectra.flux.clone(), true.spectra.ivar.clone()
    flux[:, 200:400], ivar[:, 200:400] = 0.0, 0.0
    start = next(StartingGrid.of(emulator, FitSettings()).starts(Spectra(flux, ivar), 1))
    away = (start[:, :-1] - true.labels).abs() / (emulator.high - emulator.low)
    assert float(away[:, :2].median()) < 0.05


def test_guesses_serve_spectra_at_rest_too(emulator: PretendEmulator, observe: Observe) -> None:
    true = observe(100, 100.0, at=0.0)
    start = [*StartingGrid.of(emulator, FitSettings(rv_range=None)).starts(true.spectra, 2)]
    away = (start[0] - true.labels).abs() / (emulator.high - emulator.low)
    assert float(away[:, :2].median()) < 0.03
    # The second start is no guess, lest one error lead both astray.
    assert not torch.equal(start[0], start[1])


def test_nothing_is_guessed_of_what_is_like_no_star(emulator: PretendEmulator) -> None:
    labels = spread_labels(emulator, 1024)
    guesser = Guesser.of(emulator, labels, emulator.flux(labels))
    assert guesser is not None
    otherwise = labels[:1]
    deviation = emulator.flux(labels[1:2]) - guesser.mean
    assert torch.equal(guesser.labels(guesser.mean + 30.0 * deviation, otherwise)[0], labels[0])
    guess = guesser.labels(guesser.mean + deviation, otherwise)[0]
    assert float((guess - labels[1])[:2].abs().max()) < 0.1


def test_few_or_equal_stars_teach_no_guessing(emulator: PretendEmulator) -> None:
    labels = spread_labels(emulator, 60)
    assert Guesser.of(emulator, labels, emulator.flux(labels)) is None
    labels = spread_labels(emulator, 1024)
    assert Guesser.of(emulator, labels, torch.ones(1024, 800)) is None


@dataclass(frozen=True)
class WildInACorner(PretendEmulator):
    """As a polynomial, which goes far below zero where no star taught it."""

    def flux(self, labels: Tensor) -> Tensor:
        corner = (self._scaled(labels)[:, :1] > -0.2).to(labels)
        return super().flux(labels) * (1.0 - 40.0 * corner)


def test_spectra_that_no_star_has_are_no_templates(emulator: PretendEmulator) -> None:
    wild = WildInACorner(**{one.name: getattr(emulator, one.name) for one in fields(emulator)})
    grid = StartingGrid.of(wild, FitSettings())
    assert (wild.flux(spread_labels(wild, 128)).amin(dim=1) < 0).float().mean() > 0.5
    assert (wild.flux(grid.labels).amin(dim=1) > 0).all()
    assert len(grid.labels) == 128
