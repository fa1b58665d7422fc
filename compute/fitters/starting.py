"""Where fits start: in the valley that a coarse grid finds, at labels that are guessed there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from starledger.compute.fitters.doppler import Doppler
from starledger.compute.fitters.guessing import Guesser
from starledger.compute.fitters.settings import FitSettings
from starledger.compute.models.base import Emulator, Spectra

_PIXELS_APART = 2
"""Velocities of the grid lie so many pixels apart: closer than a resolved line is wide."""
_APART = 5
"""Two minima lie at least so many velocities apart."""
_FEW, _MANY = 4, 128
"""Templates that are tried at every velocity, and at the best one."""
_TAUGHT = 1024
"""Spectra from which guessing is learned."""
_DRAWN = 8 * _TAUGHT
"""Stars that are drawn where spectra of some are none that a star could have."""


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
    guesser
        Guesses labels; None where too few stars are known to learn that from.
    """

    labels: Tensor
    rest: Templates
    velocities: Tensor
    moving: Templates
    doppler: Doppler | None
    guesser: Guesser | None

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
        taught, flux = _spread(emulator) if labels is None else _of_stars(emulator, labels)
        guesser = Guesser.of(emulator, taught[:_TAUGHT], flux[:_TAUGHT])
        labels, rest = (taught[:_MANY], flux[:_MANY]) if labels is None else (taught, flux)
        if settings.rv_range is None:
            at_rest = torch.zeros(1, dtype=torch.float64, device=rest.device)
            none = Templates.of(rest[:0])
            return cls(labels, Templates.of(rest), at_rest, none, None, guesser)
        doppler = Doppler(emulator.wavelength)
        velocities = _velocities(doppler, settings).to(rest.device)
        few = rest[: min(_FEW, len(rest))]
        moving = [_binned(doppler.shift(rv.expand(len(few))).apply(few)) for rv in velocities]
        moved = Templates.of(torch.cat(moving))
        return cls(labels, Templates.of(rest), velocities, moved, doppler, guesser)

    def starts(self, spectra: Spectra, count: int) -> Iterator[Tensor]:
        """Yield starting points, the best first: spectra × quantities.

        Parameters
        ----------
        spectra
            The batch, cleaned.
        count
            How many. The second one lies in the second best valley of the velocity; for spectra
            at rest it is the second best template.
        """
        if self.doppler is None:
            misfits = self.rest.misfits(spectra.flux * spectra.ivar, spectra.ivar)
            first, *others = misfits.topk(count, largest=False).indices.T
            yield self._guessed(spectra, first, None)
            for best in others:
                yield self.labels[best].double()
            return
        valleys = self._valleys(spectra, count)
        yield self._at(spectra, valleys[0], guessed=True)
        for rv in valleys[1:]:
            yield self._at(spectra, rv, guessed=False)

    def _at(self, spectra: Spectra, rv: Tensor, *, guessed: bool) -> Tensor:
        """Return the start at a velocity: the best template's labels, or what is guessed there."""
        assert self.doppler is not None  # noqa: S101
        shift = self.doppler.shift(rv)
        weighed = shift.transposed(spectra.flux * spectra.ivar)
        best = self.rest.misfits(weighed, shift.spread(spectra.ivar)).argmin(1)
        labels = self._guessed(spectra, best, rv) if guessed else self.labels[best].double()
        return torch.cat([labels, rv[:, None]], 1)

    def _guessed(self, spectra: Spectra, best: Tensor, rv: Tensor | None) -> Tensor:
        """Return guesses from spectra whose holes are filled by the best template."""
        if self.guesser is None:
            return self.labels[best].double()
        flux = self.rest.flux[best]
        if self.doppler is None or rv is None:
            rest = torch.where(spectra.ivar > 0, spectra.flux, flux)
        else:
            filled = self.doppler.shift(rv).apply(flux)
            filled = torch.where(spectra.ivar > 0, spectra.flux, filled)
            rest = self.doppler.shift(-rv).apply(filled)
        return self.guesser.labels(rest, self.labels[best])

    def _valleys(self, spectra: Spectra, count: int) -> list[Tensor]:
        weights = _binned(spectra.ivar)
        misfits = self.moving.misfits(_binned(spectra.flux * spectra.ivar), weights)
        per_velocity = len(self.moving) // len(self.velocities)
        at_rv = misfits.reshape(len(spectra), len(self.velocities), per_velocity).amin(2)
        places = torch.arange(len(self.velocities), device=at_rv.device)
        left, found = at_rv, []
        for _ in range(count):
            best = left.argmin(1)
            found.append(self._lowest(at_rv, best))
            near = (places - best[:, None]).abs() < _APART
            left = left.masked_fill(near, torch.inf)
        return found

    def _lowest(self, misfits: Tensor, best: Tensor) -> Tensor:
        """Return where a parabola through the best velocity and its neighbours is lowest."""
        middle = best.clamp(1, len(self.velocities) - 2)
        around = middle[:, None] + torch.arange(-1, 2, device=best.device)
        before, here, after = misfits.gather(1, around).double().unbind(1)
        curvature = before - 2.0 * here + after
        off = (0.5 * (before - after) / curvature).clamp(-0.5, 0.5)
        # At the ends of the grid, and where nothing is curved, there is no parabola.
        off = torch.where((middle == best) & (curvature > 0), off, 0.0)
        return self.velocities[best] + off * (self.velocities[1] - self.velocities[0])


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
        return torch.addmm(weights @ self.squares.T, weighed, self.flux.T, alpha=-2.0)


def _binned(spectra: Tensor) -> Tensor:
    """Return means over as many pixels as velocities lie apart: finer would tell no more."""
    whole = spectra.shape[1] - spectra.shape[1] % _PIXELS_APART
    parts = spectra[:, :whole].reshape(len(spectra), whole // _PIXELS_APART, _PIXELS_APART)
    return parts.mean(2)


def _of_stars(emulator: Emulator, labels: Tensor) -> tuple[Tensor, Tensor]:
    known = labels.to(emulator.low)
    return known, emulator.flux(known)


def _spread(emulator: Emulator) -> tuple[Tensor, Tensor]:
    """Return labels that fill the range of an emulator, and their spectra.

    Polynomials go wild in corners of the range where no star taught them. No star has negative
    flux: such spectra are no templates, as long as others are left.
    """
    labels = spread_labels(emulator, _DRAWN)
    flux = emulator.flux(labels[:_TAUGHT])
    if bool((flux.amin(dim=1) > 0).all()):
        return labels[:_TAUGHT], flux
    all_flux = torch.cat([flux, emulator.flux(labels[_TAUGHT:])])
    sound = (all_flux.amin(dim=1) > 0).nonzero()[:_TAUGHT, 0]
    if len(sound) < _MANY:
        return labels[:_TAUGHT], flux
    return labels[sound], all_flux[sound]


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
