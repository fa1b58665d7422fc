"""The intrinsic scatter of each pixel: where the likelihood of its training fluxes is largest."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from starledger.compute.models.cannon.least_squares import Design, Solution

_STARTS = (0.0, 1e-3, 1e-2, 0.1, 1.0)
_STEPS = 60
_TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True)
class Fitted:
    """Coefficients and scatter of pixels.

    Parameters
    ----------
    coefficients
        Of the design's orthonormal columns: pixels × columns.
    variance
        The scatter squared.
    determined
        Whether the stars that count determine the pixel.
    """

    coefficients: Tensor
    variance: Tensor
    determined: Tensor


def weights_with(variance: Tensor, ivar: Tensor) -> Tensor:
    """Return the weights 1 / (σ² + s²) of stars × pixels, zero where the ivar is.

    Examples
    --------
    >>> weights_with(torch.tensor([4.0]), torch.tensor([[0.0], [1.0]])).tolist()
    [[0.0], [0.20000000298023224]]
    """
    return ivar / (1.0 + variance * ivar)


def minus_two_log_likelihood(residuals: Tensor, weights: Tensor) -> Tensor:
    """Return −2 ln(likelihood) of each pixel, but for the constant."""
    seen = torch.where(weights > 0, weights, 1.0)
    return (residuals**2 * weights - seen.log()).sum(dim=0)


def with_scatter(design: Design, flux: Tensor, ivar: Tensor, variance: Tensor) -> Fitted:
    """Fit the coefficients of pixels whose scatter is known."""
    solution = design.solve(flux, weights_with(variance, ivar))
    return Fitted(solution.coefficients, variance, solution.determined)


def fit_scatter(design: Design, flux: Tensor, ivar: Tensor) -> Fitted:
    """Fit scatter and coefficients of all pixels at once.

    The coefficients follow from the scatter, so that this is a search in one dimension for each
    pixel: Newton's method on the derivative of the likelihood, kept inside the bracket that the
    signs seen so far leave. Pixels that have arrived take no further part.

    Parameters
    ----------
    flux, ivar
        Stars × pixels, in double precision.
    """
    variance, unit = _start(design, flux, ivar)
    low, high = torch.full_like(variance, -1.0), torch.full_like(variance, torch.inf)
    coefficients = torch.zeros(len(variance), design.columns.shape[1]).to(variance)
    determined = torch.zeros_like(variance, dtype=torch.bool)
    active = torch.arange(len(variance), device=flux.device)
    for _ in range(_STEPS):
        here = variance[active]
        weights = weights_with(here, ivar)
        solution = design.solve(flux, weights)
        coefficients[active], determined[active] = solution.coefficients, solution.determined
        slope, step = _newton(design, flux, weights, solution)
        high[active] = torch.where(slope > 0, here, high[active])
        low[active] = torch.where(slope > 0, low[active], here)
        new = _inside((here - step).clamp(min=0.0), low[active], high[active], here, unit[active])
        arrived = ((new - here).abs() <= _TOLERANCE * (here + 1e-3 * unit[active])) | (
            (here == 0.0) & (slope >= 0)
        )
        moving = ~arrived & solution.determined
        variance[active[moving]] = new[moving]
        if not bool(moving.any()):
            break
        if not bool(moving.all()):
            active, flux, ivar = active[moving], flux[:, moving], ivar[:, moving]
    return Fitted(coefficients, variance, determined)


def _start(design: Design, flux: Tensor, ivar: Tensor) -> tuple[Tensor, Tensor]:
    """Return the best of some scatters squared at fixed coefficients, and a typical one."""
    total = ivar.sum(dim=0).clamp(min=1e-300)
    mean = (flux * ivar).sum(dim=0) / total
    unit = (((flux - mean) ** 2 * ivar).sum(dim=0) / total).clamp(min=1e-12)
    solution = design.solve(flux, weights_with(unit, ivar))
    residuals = design.residuals(flux, solution)
    tried = torch.stack(
        [minus_two_log_likelihood(residuals, weights_with(unit * part, ivar)) for part in _STARTS]
    )
    return unit * torch.tensor(_STARTS).to(unit)[tried.argmin(dim=0)], unit


def _newton(
    design: Design, flux: Tensor, weights: Tensor, solution: Solution
) -> tuple[Tensor, Tensor]:
    """Return the derivative of −2 ln(likelihood) by the variance, and Newton's step."""
    weighted = design.residuals(flux, solution).mul_(weights)
    twice = weighted * weights
    information = (weights * weights).sum(dim=0)
    slope = weights.sum(dim=0) - (weighted * weighted).sum(dim=0)
    # The coefficients follow the variance, which takes from the curvature.
    pull = twice.T @ design.columns
    follows = torch.cholesky_solve(pull[:, :, None], solution.factor)[:, :, 0]
    bend = 2.0 * (weighted * twice).sum(dim=0) - information
    curvature = bend - 2.0 * (pull * follows).sum(dim=1)
    trusted = curvature > 0.02 * information
    return slope, slope / torch.where(trusted, curvature, information)


def _inside(new: Tensor, low: Tensor, high: Tensor, here: Tensor, unit: Tensor) -> Tensor:
    """Return a step, halved into the bracket where it leaves it."""
    ceiling = torch.where(high.isinf(), 4.0 * here + unit, high)
    middle = 0.5 * (low.clamp(min=0.0) + ceiling)
    return torch.where((new <= low) | (new >= ceiling), middle, new)
