"""How precise labels can be: the Cramér–Rao bounds of stars, without any observation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from starledger.compute.fitters.covariance import covariance
from starledger.compute.fitters.doppler import Doppler
from starledger.compute.fitters.losses import Squares
from starledger.compute.fitters.problem import Problem
from starledger.compute.models.base import Emulator

_AT_ONCE = 64


def precision(
    emulator: Emulator, labels: Tensor, snr: Tensor, mask: Tensor | None = None
) -> Tensor:
    """Return the smallest errors that photons allow: stars × labels and, last, RV in km/s.

    All labels and the radial velocity are fitted together. NaN where a spectrum does not determine
    them all.

    Parameters
    ----------
    emulator
        Gives the stars.
    labels
        Stars × labels, in label units.
    snr
        Signal-to-noise ratio of a pixel of the continuum: one a star.
    mask
        True at pixels that no fit uses.
    """
    doppler = Doppler(emulator.wavelength)
    parts = zip(torch.split(labels, _AT_ONCE), torch.split(snr, _AT_ONCE), strict=True)
    with torch.inference_mode():
        return torch.cat([_bounds(emulator, doppler, *part, mask) for part in parts])


def _bounds(
    emulator: Emulator, doppler: Doppler, labels: Tensor, snr: Tensor, mask: Tensor | None
) -> Tensor:
    still = torch.zeros(len(labels), 1, dtype=torch.float64, device=labels.device)
    flux = emulator.flux(labels)
    # In units of the star's own S/N, in which the numbers are of order one.
    ivar = doppler.readable(still[:, 0], doppler.reach_kms).to(flux)
    if mask is not None:
        ivar = ivar.masked_fill(mask, 0.0)
    problem = Problem(emulator, doppler, Squares(), flux, ivar)
    information = problem.information(torch.cat([labels.double(), still], 1))
    at_one = covariance(information)[0].diagonal(dim1=1, dim2=2).sqrt()
    return at_one / snr[:, None].to(at_one)


def grid_of_stars(emulator: Emulator, at: Mapping[str, Sequence[float]]) -> Tensor:
    """Return stars of all combinations of some labels' values: stars × labels.

    Parameters
    ----------
    emulator
        Whose labels they are.
    at
        Values of some labels. Another label is 0, as in the Sun for abundances, or at the middle
        of its range if that does not reach to 0.
    """
    rest = torch.where(
        (emulator.low <= 0) & (emulator.high >= 0), 0.0, (emulator.low + emulator.high) / 2
    )
    stars = []
    for values in product(*at.values()):
        star = rest.clone()
        for name, value in zip(at, values, strict=True):
            star[emulator.labels.index(name)] = value
        stars.append(star)
    return torch.stack(stars)


@dataclass(frozen=True, slots=True)
class PrecisionTable:
    """The bounds of stars on a grid.

    Parameters
    ----------
    at
        Names of the labels that vary, with their values.
    snr
        Signal-to-noise ratios.
    names
        Of the quantities that have bounds: labels and, last, ``rv``.
    bounds
        Stars × signal-to-noise ratios × quantities; stars in the order of `grid_of_stars`.
    """

    at: Mapping[str, Sequence[float]]
    snr: Sequence[float]
    names: tuple[str, ...]
    bounds: Tensor

    def rows(self) -> list[list[float]]:
        """Return one row a star and ratio: the labels that vary, the ratio, the bounds."""
        stars = product(*self.at.values())
        return [
            [*star, snr, *bounds]
            for star, of_star in zip(stars, self.bounds.tolist(), strict=True)
            for snr, bounds in zip(self.snr, of_star, strict=True)
        ]


def tabulated(
    emulator: Emulator,
    at: Mapping[str, Sequence[float]],
    snr: Sequence[float],
    mask: Tensor | None = None,
) -> PrecisionTable:
    """Return the bounds of all combinations of labels' values and signal-to-noise ratios."""
    stars = grid_of_stars(emulator, at)
    ratios = torch.tensor(snr, dtype=torch.float64, device=stars.device)
    at_one = precision(emulator, stars, torch.ones_like(stars[:, 0]), mask)
    return PrecisionTable(at, snr, (*emulator.labels, "rv"), at_one[:, None, :] / ratios[:, None])
