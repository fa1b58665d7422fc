"""Opacity that changes slowly with wavelength: continuum, hydrogen lines, synthetic bands."""

from __future__ import annotations

import torch
from torch import Tensor

from starledger.compute.synthesis.atmosphere import Atmosphere
from starledger.compute.synthesis.bands import BANDS, band_opacity
from starledger.compute.synthesis.constants import SECOND_RADIATION
from starledger.compute.synthesis.continuous import continuous_opacity
from starledger.compute.synthesis.hydrogen import hydrogen_line_opacity, hydrogen_lines
from starledger.compute.synthesis.molecules import MOLECULES, log_molecular_partition

_HYDROGEN_REACH = 0.035
_BAND_REACH = 0.12
"""How far, in ln(wavelength), hydrogen lines and bands are followed."""


def relative_depth(atmosphere: Atmosphere) -> Tensor:
    """Return τ/α at the reference wavelength: what makes of opacity a relative one."""
    return atmosphere.optical_depth / atmosphere.reference_opacity


def continuum(atmosphere: Atmosphere, wavelength: Tensor) -> Tensor:
    """Return continuous opacity times `relative_depth`, wavelengths × depths × stars."""
    gas = atmosphere.gas
    opacity = continuous_opacity(wavelength, gas.temperature, gas.electrons, atmosphere.hydrogen)
    return (opacity * relative_depth(atmosphere)[..., None]).permute(2, 1, 0)


def _stimulated(wavelength: Tensor, temperature: Tensor) -> Tensor:
    return -torch.expm1(-SECOND_RADIATION * 1e8 / (wavelength * temperature))


def hydrogen(atmosphere: Atmosphere, wavelength: Tensor) -> Tensor | None:
    """Return the relative opacity of hydrogen lines, wavelengths × depths × stars, if any."""
    reach = torch.tensor(_HYDROGEN_REACH).exp().item()
    lines = hydrogen_lines(float(wavelength[0]) / reach, float(wavelength[-1]) * reach)
    if not lines:
        return None
    at = wavelength[:, None, None]
    gas = atmosphere.gas
    t, n_e, n_h = (
        x.T.to(wavelength.dtype) for x in (gas.temperature, gas.electrons, atmosphere.hydrogen)
    )
    total = sum(
        (hydrogen_line_opacity(line, at, t, n_e, n_h) for line in lines), start=torch.zeros_like(t)
    )
    return total * _stimulated(at, t) * relative_depth(atmosphere).T.to(wavelength.dtype)


def bands(atmosphere: Atmosphere, wavelength: Tensor) -> Tensor | None:
    """Return the relative opacity of synthetic bands, wavelengths × depths × stars, if any."""
    reach = torch.tensor(_BAND_REACH).exp().item()
    low, high = float(wavelength[0]) / reach, float(wavelength[-1]) * reach
    near = [band for band in BANDS if low < band.head < high]
    if not near:
        return None
    at = wavelength[:, None, None]
    t = atmosphere.gas.temperature.T
    per_state = {
        molecule.name: (
            atmosphere.molecules[molecule.name].T / log_molecular_partition(molecule, t).exp()
        ).to(at.dtype)
        for molecule in MOLECULES
    }
    t = t.to(at.dtype)
    total = sum(
        (band_opacity(band, at, t, per_state[band.molecule]) for band in near),
        start=torch.zeros_like(t),
    )
    return total * _stimulated(at, t) * relative_depth(atmosphere).T.to(at.dtype)
