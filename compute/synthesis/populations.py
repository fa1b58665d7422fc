"""What all lines of one absorber share at one depth: numbers, line widths, thermal factors."""

from __future__ import annotations

import torch
from torch import Tensor

from starledger.compute.synthesis.atmosphere import Atmosphere
from starledger.compute.synthesis.constants import ATOMIC_MASS, BOLTZMANN
from starledger.compute.synthesis.molecules import MOLECULES, log_molecular_partition
from starledger.compute.synthesis.species import all_species


def absorbers(atmosphere: Atmosphere) -> Tensor:
    """Return ln(n/U) of every absorber, n per cm³; absorbers × depths × stars.

    The number in a level of weight g and energy E is g exp(−E/kT) n/U.
    """
    gas = atmosphere.gas
    columns = []
    for species in all_species():
        if species.stage < 0:
            continue
        neutral = atmosphere.atoms[..., species.element]
        fraction = gas.fraction[..., species.element, :]
        per_neutral = fraction[..., species.stage] / fraction[..., 0]
        number = neutral * per_neutral.clamp(max=1e30)
        columns.append(torch.log(number + 1e-30) - gas.log_u[..., species.element, species.stage])
    for molecule in MOLECULES:
        number = atmosphere.molecules[molecule.name]
        log_u = log_molecular_partition(molecule, gas.temperature)
        columns.append(torch.log(number + 1e-30) - log_u)
    return torch.stack(columns).transpose(1, 2)


def doppler_speed(atmosphere: Atmosphere, vmic: Tensor) -> Tensor:
    """Return the Doppler width b of every absorber in km/s, absorbers × depths × stars.

    Parameters
    ----------
    atmosphere
        Of the stars.
    vmic
        Microturbulence in km/s.
    """
    masses = vmic.new_tensor([species.mass for species in all_species()]) * ATOMIC_MASS
    thermal = 2.0 * BOLTZMANN * atmosphere.gas.temperature.T / masses[:, None, None]
    return torch.sqrt(thermal * 1e-10 + vmic**2)
