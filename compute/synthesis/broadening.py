"""Rotation, macroturbulence and radial velocity: convolutions in velocity, done by Fourier."""

from __future__ import annotations

import torch
from torch import Tensor

from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS

_LIMB_DARKENING = 0.6
_PAD = 1024


def _rotation_transform(x: Tensor) -> Tensor:
    """Return the Fourier transform of the rotation profile (Gray 2005, eq. 18.14) at x = k·vsini.

    The profile is integrated over a sine-spaced grid, not written with Bessel functions, whose
    derivatives torch lacks.
    """
    # So many nodes that the highest frequency is not aliased.
    nodes = 16 + int(0.7 * float(x.detach().max()))
    angle = (torch.arange(nodes, dtype=x.dtype, device=x.device) + 0.5) * (torch.pi / nodes)
    position, height = torch.cos(angle), torch.sin(angle)
    profile = 2 * (1 - _LIMB_DARKENING) * height + torch.pi / 2 * _LIMB_DARKENING * height**2
    weight = profile * height
    weight = weight / weight.sum()
    return (torch.cos(x[..., None] * position) * weight).sum(-1)


def broaden(
    flux: Tensor,
    step: float,
    vmac: Tensor,
    vsini: Tensor,
    velocity: Tensor | None = None,
) -> Tensor:
    """Return spectra broadened by macroturbulence and rotation, and shifted.

    Parameters
    ----------
    flux
        Stars × pixels, in equal steps of velocity.
    step
        Step in km/s.
    vmac
        Macroturbulence in km/s, per star: a Gaussian exp(−v²/vmac²).
    vsini
        Projected rotation in km/s, per star, with a limb darkening of 0.6.
    velocity
        Radial velocity in km/s, per star; positive is redshift. None for no shift.

    Examples
    --------
    >>> flux = torch.ones(1, 4096, dtype=torch.float64)
    >>> flux[0, 2048] = 0.0
    >>> zero = torch.zeros(1, dtype=torch.float64)
    >>> wide = broaden(flux, 2.0, zero + 20.0, zero, zero + 200.0)
    >>> int(wide.argmin()), round(float((1 - wide).sum()), 3)
    (2148, 1.0)
    """
    # The ends are continued flat, so that the periodic transform does not mix them.
    left, right = flux[:, :1].expand(-1, _PAD), flux[:, -1:].expand(-1, _PAD)
    padded = torch.cat([left, flux, right], dim=1)
    k = torch.fft.rfftfreq(padded.shape[1], d=step, dtype=vmac.dtype, device=flux.device)
    k = 2 * torch.pi * k
    kernel = torch.exp(-0.25 * (k * vmac[:, None]) ** 2)
    kernel = kernel * _rotation_table(k, vsini)
    spectrum = torch.fft.rfft(padded) * kernel.to(flux.dtype)
    if velocity is not None:
        # A shift in ln(wavelength): exact for any velocity, not only for small ones.
        shift = torch.log1p(velocity / LIGHT_SPEED_KMS) * LIGHT_SPEED_KMS
        phase = (k * shift[:, None]).to(flux.dtype)
        spectrum = spectrum * torch.complex(torch.cos(phase), -torch.sin(phase))
    broadened: Tensor = torch.fft.irfft(spectrum, n=padded.shape[1])
    return broadened[:, _PAD:-_PAD]


def _rotation_table(k: Tensor, vsini: Tensor) -> Tensor:
    """Return the transform of rotation, stars × frequencies, by stars that rotate."""
    if not bool((vsini > 0).any()):
        return torch.ones(len(vsini), len(k), dtype=k.dtype, device=k.device)
    return torch.stack([_rotation_transform(k * v) for v in vsini])
