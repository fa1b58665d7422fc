"""How well a simulated spectrum matches an observed one, and how well it could."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from starledger.compute.spectra.continuum import PseudoContinuum

_CLIP_SIGMA = 5.0
_CLIP_ROUNDS = 3
_MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two normalised spectra and their likeness.

    Parameters
    ----------
    observed, simulated
        Over their pseudo-continua.
    used
        Pixels that count: within the range, with ivar, not clipped.
    correlation
        Pearson's r, weighted by ivar.
    ceiling
        The r that a perfect simulation would have, given the stated noise.
    rejected
        Fraction of the pixels in range that were clipped.
    """

    observed: Tensor
    simulated: Tensor
    used: Tensor
    correlation: float
    ceiling: float
    rejected: float


def _moments(x: Tensor, y: Tensor, weight: Tensor) -> tuple[float, float, float]:
    """Return the weighted variance of x, that of y, and their covariance."""
    weight = weight / weight.sum()
    dx, dy = x - (weight * x).sum(), y - (weight * y).sum()
    return tuple(float((weight * a * b).sum()) for a, b in ((dx, dx), (dy, dy), (dx, dy)))  # type: ignore[return-value]


def _clip(difference: Tensor, used: Tensor) -> Tensor:
    """Return the pixels within five robust sigma of the median difference."""
    for _ in range(_CLIP_ROUNDS):
        median = difference[used].median()
        sigma = _MAD_TO_SIGMA * (difference[used] - median).abs().median()
        used = used & ((difference - median).abs() < _CLIP_SIGMA * sigma)
    return used


def compare(
    wavelength: Tensor,
    observed: Tensor,
    ivar: Tensor,
    simulated: Tensor,
    between: tuple[float, float] = (3900.0, 5700.0),
) -> Comparison:
    """Compare an observed with a simulated spectrum of the same pixels.

    Parameters
    ----------
    wavelength
        In Å; give some 150 Å more than `between` for the pseudo-continuum.
    observed, ivar, simulated
        Fluxes on any scale; pixels with zero ivar do not count.
    between
        Range of the comparison in Å.

    Examples
    --------
    >>> wavelength = torch.arange(3800.0, 5800.0, dtype=torch.float64)
    >>> simulated = 1 + 0.2 * torch.sin(wavelength / 5)
    >>> noise = torch.randn(2000, generator=torch.Generator().manual_seed(1)) * 0.1
    >>> result = compare(wavelength, simulated + noise, torch.full((2000,), 100.0), simulated)
    >>> round(result.correlation, 1), round(result.ceiling, 1)
    (0.8, 0.8)
    """
    smooth = PseudoContinuum(wavelength.numpy(), dtype=torch.float64)
    flux, weight, model = (x.double()[None] for x in (observed, ivar, simulated))
    continuum = smooth(flux, weight)[0]
    x, y = observed / continuum, simulated / smooth(model, weight)[0]
    weight = ivar.double() * continuum**2
    inside = (wavelength > between[0]) & (wavelength < between[1]) & (weight > 0)
    used = _clip(x - y, inside)
    var_x, var_y, covariance = _moments(x[used], y[used], weight[used])
    noise = float(used.sum() / weight[used].sum())
    return Comparison(
        x,
        y,
        used,
        covariance / (var_x * var_y) ** 0.5,
        max(0.0, 1 - noise / var_x) ** 0.5,
        1 - float(used.sum() / inside.sum()),
    )
