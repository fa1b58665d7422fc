"""Continuous opacity: H⁻, hydrogen, Rayleigh and electron scattering."""

from __future__ import annotations

import torch
from torch import Tensor

from starledger.compute.synthesis.constants import (
    BOLTZMANN,
    BOLTZMANN_EV,
    SAHA,
    SECOND_RADIATION,
    THOMSON,
)

_BOUND_FREE = (152.519, 49.534, -118.858, 92.536, -34.194, 4.982)
_FREE_FREE = (
    (2483.346, 285.827, -2054.291, 2827.776, -1341.537, 208.952),
    (-3449.889, -1158.382, 8746.523, -11485.632, 5303.609, -812.939),
    (2200.040, 2427.719, -13651.105, 16755.524, -7510.494, 1132.738),
    (-696.271, -1841.400, 8624.970, -10051.530, 4400.067, -655.020),
    (88.283, 444.517, -1863.864, 2095.288, -901.788, 132.985),
)
_RYDBERG_EV = 13.598
_LEVELS = range(1, 9)
_EDGE_WIDTH = 0.006


def _negative_ion_bound_free(micron: Tensor) -> Tensor:
    """Cross-section of H⁻ in cm² (John 1988, A&A 193, 189)."""
    x = (1.0 / micron - 1.0 / 1.6419).clamp(min=1e-9)
    series = sum((c * x ** (n / 2) for n, c in enumerate(_BOUND_FREE)), start=torch.zeros_like(x))
    return 1e-18 * micron**3 * x**1.5 * series


def _negative_ion_free_free(micron: Tensor, theta: Tensor) -> Tensor:
    """Free-free opacity of H⁻ in cm⁴/dyn, stimulated emission included (John 1988)."""
    powers = torch.stack([micron**2, micron**0, 1 / micron, micron**-2, micron**-3, micron**-4])
    rows = micron.new_tensor(_FREE_FREE) @ powers
    return 1e-29 * sum(
        (theta ** ((n + 3) / 2) * rows[n] for n in range(5)), start=torch.zeros_like(theta * micron)
    )


def _hydrogen(wavelength: Tensor, temperature: Tensor) -> Tensor:
    """Bound-free and free-free opacity per neutral hydrogen atom in the ground state, cm².

    Kramers' cross-sections with a Gaunt factor of 0.9 (bound-free) and 1.1 (free-free).
    """
    kt = BOLTZMANN_EV * temperature
    total = torch.zeros_like(temperature * wavelength)
    for n in _LEVELS:
        edge = 911.75 * n**2
        # Merging lines blur an edge; a logistic in ln(wavelength) of their width stands for them.
        open_channel = torch.sigmoid((torch.log(edge / wavelength) + _EDGE_WIDTH) / _EDGE_WIDTH)
        section = 0.9 * 7.906e-18 * n * (wavelength / edge) ** 3
        excited = n**2 * torch.exp(-_RYDBERG_EV * (1 - 1 / n**2) / kt)
        total = total + section * excited * open_channel
    ionised = torch.exp(-_RYDBERG_EV / kt)
    free = 1.1 * 7.906e-18 * (wavelength / 911.75) ** 3 * kt / (2 * _RYDBERG_EV) * ionised
    last = len(_LEVELS)
    return total + free * torch.exp(_RYDBERG_EV / (last + 1) ** 2 / kt)


def continuous_opacity(
    wavelength: Tensor, temperature: Tensor, electrons: Tensor, hydrogen: Tensor
) -> Tensor:
    """Return the continuous opacity per cm.

    Parameters
    ----------
    wavelength
        In Å, vacuum; one dimension.
    temperature, electrons, hydrogen
        In K, electrons per cm³ and free neutral hydrogen atoms per cm³, all of one shape.

    Returns
    -------
    Tensor
        The shape of `temperature`, then wavelengths. Scattering counts as absorption.

    Examples
    --------
    In the solar photosphere H⁻ gives some 1e-7 per cm at 5000 Å, its minimum at 1.6 µm less:

    >>> at = torch.tensor([5000.0, 16400.0])
    >>> gas = torch.tensor(6400.0), torch.tensor(6.4e13), torch.tensor(1.2e17)
    >>> [f"{x:.0e}" for x in continuous_opacity(at, *gas).tolist()]
    ['2e-07', '1e-07']
    """
    t = temperature[..., None]
    n_e, n_h = electrons[..., None], hydrogen[..., None]
    micron = wavelength / 1e4
    stimulated = -torch.expm1(-SECOND_RADIATION / (wavelength * 1e-8 * t))
    ion_density = n_h * n_e * torch.exp(0.754209 / (BOLTZMANN_EV * t)) / (2 * SAHA * t**1.5)
    bound_free = ion_density * _negative_ion_bound_free(micron) * stimulated
    free_free = n_h * n_e * BOLTZMANN * t * _negative_ion_free_free(micron, 5040.0 / t)
    atoms = n_h * _hydrogen(wavelength, t) * stimulated
    rayleigh: Tensor = 5.799e-13 / wavelength**4 + 1.422e-6 / wavelength**6 + 2.784 / wavelength**8
    total: Tensor = bound_free + free_free + atoms + n_h * rayleigh + n_e * THOMSON
    return total
