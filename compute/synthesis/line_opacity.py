"""Opacity of lines in a segment of the grid."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi, sqrt

import numpy as np
import torch
from torch import Tensor

from starledger.compute.synthesis.atmosphere import Atmosphere
from starledger.compute.synthesis.constants import (
    BOLTZMANN_EV,
    LINE_CROSS_SECTION,
)
from starledger.compute.synthesis.lines import LineList
from starledger.compute.synthesis.populations import absorbers, doppler_speed
from starledger.compute.synthesis.windows import Window, Wings

_AREA_OF_WING = 0.869


@dataclass(frozen=True, slots=True)
class LineConstants:
    """What the opacity of each line needs, as tensors; lines × 1.

    Parameters
    ----------
    species
        Places of the absorbers in `all_species` (one dimension).
    log_area
        ln of the opacity, integrated over velocity (km/s), per absorber in the lower level.
    energy
        Lower energy in eV.
    radiative, hydrogen, electron
        Damping widths as velocities: in km/s, and km/s per perturber per cm³.
    """

    species: Tensor
    log_area: Tensor
    energy: Tensor
    radiative: Tensor
    hydrogen: Tensor
    electron: Tensor

    @classmethod
    def of(cls, lines: LineList, dtype: torch.dtype) -> LineConstants:
        """Compute the constants of a line list."""
        cm = lines.wavelength * 1e-8
        area = log(LINE_CROSS_SECTION * 1e-5) + np.log(cm) + lines.log_gf * log(10.0)
        # A width γ in rad/s is the half-width γλ/4π in velocity.
        to_speed = cm * 1e-5 / (4 * pi)
        widths = [torch.from_numpy(w * to_speed)[:, None] for w in lines.damping()]
        columns = [torch.from_numpy(area)[:, None], torch.from_numpy(lines.lower_energy)[:, None]]
        return cls(torch.from_numpy(lines.species), *(c.to(dtype) for c in (*columns, *widths)))


@dataclass(frozen=True, slots=True)
class LineConditions:
    """What lines need to know of the stars; depths × stars as one dimension.

    Parameters
    ----------
    population
        ln(n/U) of the absorbers, × one.
    speed
        Their Doppler widths in km/s.
    inverse_ev
        1/kT in 1/eV.
    hydrogen, electrons
        Perturbers per cm³, hydrogen scaled by (T/10⁴ K)^0.3 as van der Waals widths are.
    """

    population: Tensor
    speed: Tensor
    inverse_ev: Tensor
    hydrogen: Tensor
    electrons: Tensor

    @classmethod
    def of(cls, atmosphere: Atmosphere, vmic: Tensor, dtype: torch.dtype) -> LineConditions:
        """Gather the conditions in a batch of atmospheres."""
        gas = atmosphere.gas
        perturbers = atmosphere.hydrogen * (gas.temperature / 1e4) ** 0.3

        def flat(x: Tensor) -> Tensor:
            return x.T.reshape(1, -1).to(dtype)

        return cls(
            absorbers(atmosphere).flatten(1).to(dtype),
            doppler_speed(atmosphere, vmic).flatten(1).to(dtype),
            flat(1.0 / (BOLTZMANN_EV * gas.temperature)),
            flat(perturbers),
            flat(gas.electrons),
        )


def _area(lines: Tensor, constants: LineConstants, at: LineConditions) -> Tensor:
    """Return the opacity integrated over velocity, cm⁻¹ km/s, lines × conditions."""
    population = at.population[constants.species[lines]]
    exponent = constants.log_area[lines] - constants.energy[lines] * at.inverse_ev
    return torch.exp(population + exponent)


def _half_width(lines: Tensor, constants: LineConstants, at: LineConditions) -> Tensor:
    collisions = constants.hydrogen[lines] * at.hydrogen + constants.electron[lines] * at.electrons
    return constants.radiative[lines] + collisions


def gaussian_cores(window: Window, constants: LineConstants, at: LineConditions) -> Tensor:
    """Return the opacity per cm of weak lines, pixels × conditions, before stimulated emission."""
    inverse = 1.0 / at.speed[constants.species[window.lines]]
    height = _area(window.lines, constants, at) * inverse / sqrt(pi)
    exponent = window.offset**2 * -(inverse**2)[:, None, :]
    opacity = height[:, None, :] * torch.exp(exponent)
    return window.scatter(opacity.flatten(0, 1))


def damped_cores(window: Window, constants: LineConstants, at: LineConditions) -> Tensor:
    """Return the opacity per cm of stronger lines in their windows, pixels × conditions.

    The Voigt function is (e^(−v²) + a v²/√π/(v⁴ − 1.5 v² + 2))/(1 + 0.869 a): right in area, for
    small a right in the wing to second order, and to a few per cent between.
    """
    inverse = 1.0 / at.speed[constants.species[window.lines]]
    height = _area(window.lines, constants, at) * inverse / sqrt(pi)
    damping = _half_width(window.lines, constants, at) * inverse
    v2 = window.offset**2 * (inverse**2)[:, None, :]
    core = height / (1 + _AREA_OF_WING * damping)
    wing = core * damping / sqrt(pi)
    opacity = core[:, None, :] * torch.exp(-v2) + wing[:, None, :] * (v2 / ((v2 - 1.5) * v2 + 2.0))
    given = height * damping / (sqrt(pi) * inverse**2)
    opacity = opacity - window.given * given[:, None, :]
    return window.scatter(opacity.flatten(0, 1))


def damping_wings(wings: Wings, constants: LineConstants, at: LineConditions) -> Tensor:
    """Return the opacity per cm of far wings, coarse pixels × conditions."""
    width = _half_width(wings.lines, constants, at)
    return wings.shape(_area(wings.lines, constants, at) * width / pi)


def stimulated(wavelength: float, at: LineConditions) -> Tensor:
    """Return 1 − e^(−hν/kT) at a wavelength in Å."""
    return -torch.expm1(-12398.42 / wavelength * at.inverse_ev)
