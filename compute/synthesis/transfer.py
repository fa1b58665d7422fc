"""The formal solution: the flux that leaves a plane-parallel atmosphere in LTE."""

from __future__ import annotations

import torch
from torch import Tensor

from starledger.compute.synthesis.constants import LIGHT_SPEED, PLANCK, SECOND_RADIATION


def planck(wavelength: Tensor, temperature: Tensor) -> Tensor:
    """Return B_λ in erg s⁻¹ cm⁻² sr⁻¹ Å⁻¹ at wavelengths in Å and temperatures in K.

    Examples
    --------
    >>> f"{float(planck(torch.tensor(5000.0), torch.tensor(6000.0))):.2e}"
    '3.18e+06'
    """
    cm = wavelength * 1e-8
    return (
        2e-8 * PLANCK * LIGHT_SPEED**2 / cm**5 / torch.expm1(SECOND_RADIATION / (cm * temperature))
    )


def third_exponential(x: Tensor) -> Tensor:
    """Return E₃(x) to 2 % (0.2 % where it matters) by a rational function times exp(−x).

    Examples
    --------
    >>> [round(v, 3) for v in third_exponential(torch.tensor([0.0, 0.2, 1.0])).tolist()]
    [0.5, 0.352, 0.11]
    """
    return torch.exp(-x) * (x + 0.811) / ((x + 3.451) * x + 1.622)


def optical_depth(relative: Tensor, log_tau: Tensor) -> Tensor:
    """Integrate opacity over depth.

    Parameters
    ----------
    relative
        Opacity times τ over opacity, both at the reference wavelength; pixels × depths × stars.
    log_tau
        ln τ of the depths at the reference wavelength.
    """
    step = 0.5 * torch.diff(log_tau)[:, None]
    rise = (relative[:, 1:] + relative[:, :-1]) * step
    # Above the first depth, opacity per column mass is taken as constant.
    return torch.cumsum(torch.cat([relative[:, :1], rise], dim=1), dim=1)


def source_weights(source: Tensor) -> Tensor:
    """Return the weights of E₃(τ) at every depth in the flux, depths × stars.

    With the source function linear in E₃ between depths, the flux is 2π(½S₀ + ∫E₃ dS).

    Parameters
    ----------
    source
        Depths × stars.
    """
    half = 0.5 * torch.diff(source, dim=0)
    edge = torch.zeros_like(source[:1])
    return torch.cat([edge, half], dim=0) + torch.cat([half, edge], dim=0)


def emergent_flux(relative: Tensor, log_tau: Tensor, ends: tuple[Tensor, Tensor]) -> Tensor:
    """Return the flux F_λ in erg s⁻¹ cm⁻² Å⁻¹, pixels × stars.

    Parameters
    ----------
    relative
        As in `optical_depth`.
    log_tau
        ln τ of the depths at the reference wavelength.
    ends
        Source function (depths × stars) at the first pixel and one past the last; between them it
        is interpolated linearly.
    """
    escape = third_exponential(optical_depth(relative, log_tau))
    share = torch.linspace(0, 1, len(relative) + 1, dtype=relative.dtype, device=relative.device)
    first, last = (
        0.5 * source[0] + (escape * source_weights(source)).sum(dim=1) for source in ends
    )
    return 2 * torch.pi * torch.lerp(first, last, share[:-1, None])
