"""Where fits start: on a coarse grid of velocities and labels, to find the right valley."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from starledger.compute.fitters.doppler import Doppler
from starledger.compute.fitters.settings import FitSettings
from starledger.compute.models.base import Emulator, Spectra

_PIXELS_APART = 2
"""Velocities of the grid lie so many pixels apart: closer than a resolved line is wide."""
_APART = 5
"""Two minima lie at least so many velocities apart."""
_FEW, _MANY = 8, 128
"""Templates that are tried at every velocity, and at the best one."""


@dataclass(frozen=True, slots=True)
class StartingGrid:
    """Templates of an emulator, made once for all batches.

    Parameters
    ----------
    labels
        Of the templates: templates × labels.
    rest
        The templates: templates × pixels.
    velocities
        That are tried, in km/s; only 0 for spectra at rest.
    moving
        Some of the templates at each velocity: velocities and templates × bins.
    doppler
        Moves them; None for spectra at rest.
    """

    labels: Tensor
    rest: Templates
    velocities: Tensor
    moving: Templates
    doppler: Doppler | None

    @classmethod
    def of(
        cls, emulator: Emulator, settings: FitSettings, labels: Tensor | None = None
    ) -> StartingGrid:
        """Make the grid.

        Parameters
        ----------
        emulator
            Gives the templates.
        settings
            Say how far velocities go.
        labels
            Stars that the survey may hold, such as some that the emulator was trained on, in no
            particular order; without, stars that fill its range.
        """
        labels = spread_labels(emulator, _MANY) if labels is None else labels.to(emulator.low)
        rest = emulator.flux(labels)
        if settings.rv_range is None:
            at_rest = torch.zeros(1, dtype=torch.float64, device=rest.device)
            return cls(labels, Templates.of(rest), at_rest, Templates.of(rest[:0]), None)
        doppler = Doppler(emulator.wavelength)
        velocities = _velocities(doppler, settings).to(rest.device)
        few = rest[: min(_FEW, len(rest))]
        moving = [_binned(doppler.shift(rv.expand(len(few))).apply(few)) for rv in velocities]
        return cls(labels, Templates.of(rest), velocities, Templates.of(torch.cat(moving)), doppler)

    def starts(self, spectra: Spectra, count: int) -> Tensor:
        """Return starting points, the best first: count × spectra × quantities.

        Parameters
        ----------
        spectra
            The batch, cleaned.
        count
            How many. The second one lies in the second best valley of the velocity; for spectra
            at rest it is the second best template.
        """
        if self.doppler is None:
            best = self.rest.misfits(spectra.flux * spectra.ivar, spectra.ivar)
            return self.labels[best.topk(count, largest=False).indices.T].double()
        return torch.stack([self._at(spectra, rv) for rv in self._valleys(spectra, count)])

    def _at(self, spectra: Spectra, rv: Tensor) -> Tensor:
        assert self.doppler is not None  # noqa: S101
        shift = self.doppler.shift(rv)
        weighed = shift.transposed(spectra.flux * spectra.ivar)
        best = self.rest.misfits(weighed, shift.spread(spectra.ivar)).argmin(1)
        return torch.cat([self.labels[best].double(), rv[:, None]], 1)

    def _valleys(self, spectra: Spectra, count: int) -> list[Tensor]:
        weights = _binned(spectra.ivar)
        misfits = self.moving.misfits(_binned(spectra.flux * spectra.ivar), weights)
        per_velocity = len(self.moving) // len(self.velocities)
        at_rv = misfits.reshape(len(spectra), len(self.velocities), per_velocity).amin(2)
        places = torch.arange(len(self.velocities), device=at_rv.device)
        found = []
        for _ in range(count):
            best = at_rv.argmin(1)
            found.append(self.velocities[best])
            near = (places - best[:, None]).abs() < _APART
            at_rv = at_rv.masked_fill(near, torch.inf)
        return found


@dataclass(frozen=True, slots=True)
class Templates:
    """Spectra that others are compared with: templates × pixels."""

    flux: Tensor
    squares: Tensor

    @classmethod
    def of(cls, flux: Tensor) -> Templates:
        """Square them once."""
        return cls(flux, flux.square())

    def __len__(self) -> int:
        return len(self.flux)

    def misfits(self, weighed: Tensor, weights: Tensor) -> Tensor:
        """Return χ² of each spectrum with each template, but for what they all share.

        Parameters
        ----------
        weighed
            Flux × inverse variance: spectra × pixels.
        weights
            Inverse variance.
        """
        return weights @ self.squares.T - 2.0 * (weighed @ self.flux.T)


def _binned(spectra: Tensor) -> Tensor:
    """Return means over as many pixels as velocities lie apart: finer would tell no more."""
    whole = spectra.shape[1] - spectra.shape[1] % _PIXELS_APART
    parts = spectra[:, :whole].reshape(len(spectra), whole // _PIXELS_APART, _PIXELS_APART)
    return parts.mean(2)


def spread_labels(emulator: Emulator, count: int) -> Tensor:
    """Return labels of stars that fill the range of an emulator: count × labels."""
    sobol = torch.quasirandom.SobolEngine(  # type: ignore[no-untyped-call]
        len(emulator.low), scramble=True, seed=0
    )
    draws = sobol.draw(count)
    # Not at the ends, where a fit would start on a bound.
    parts = 0.1 + 0.8 * draws.to(emulator.low)
    return emulator.low + parts * (emulator.high - emulator.low)


def _velocities(doppler: Doppler, settings: FitSettings) -> Tensor:
    end = max(settings.rv_scan, settings.rv_range or 0.0)
    steps = int(end / (_PIXELS_APART * doppler.pixel_kms)) + _APART
    return torch.arange(-steps, steps + 1).double() * _PIXELS_APART * doppler.pixel_kms
