"""Molecules in chemical equilibrium, approximately: how C, N, O, H, Mg, Ti and Si share out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from starledger.compute.synthesis.constants import (
    ATOMIC_MASS,
    BOLTZMANN,
    BOLTZMANN_EV,
    PLANCK,
    SECOND_RADIATION,
)
from starledger.compute.synthesis.elements import element_index, elements
from starledger.compute.synthesis.ionisation import Gas

_ITERATIONS = 12


@dataclass(frozen=True, slots=True)
class Molecule:
    """A diatomic molecule as a rigid rotor and harmonic oscillator.

    Parameters
    ----------
    name
        For example ``"CN"``.
    atoms
        Symbols of its two atoms.
    dissociation
        Dissociation energy in eV.
    electronic
        Statistical weights and energies (cm⁻¹) of its low electronic states.
    rotation, vibration
        Rotational and vibrational constants of the ground state in cm⁻¹.
    """

    name: str
    atoms: tuple[str, str]
    dissociation: float
    electronic: tuple[tuple[float, float], ...]
    rotation: float
    vibration: float


MOLECULES = (
    Molecule("H2", ("H", "H"), 4.478, ((1, 0),), 60.853, 4401.2),
    Molecule("CO", ("C", "O"), 11.092, ((1, 0),), 1.9313, 2169.8),
    Molecule("CH", ("H", "C"), 3.465, ((4, 0),), 14.457, 2858.5),
    Molecule("NH", ("H", "N"), 3.47, ((3, 0),), 16.699, 3282.3),
    Molecule("OH", ("H", "O"), 4.392, ((4, 0),), 18.911, 3737.8),
    Molecule("CN", ("C", "N"), 7.76, ((2, 0), (4, 9243.0)), 1.8997, 2068.6),
    Molecule("C2", ("C", "C"), 6.297, ((1, 0), (6, 716.2), (3, 6434.0)), 1.8198, 1854.7),
    Molecule("N2", ("N", "N"), 9.759, ((1, 0),), 1.9982, 2358.6),
    Molecule("MgH", ("H", "Mg"), 1.27, ((2, 0),), 5.8257, 1495.2),
    Molecule("TiO", ("Ti", "O"), 6.87, ((6, 0),), 0.5354, 1009.0),
    Molecule("SiO", ("Si", "O"), 8.26, ((1, 0),), 0.7267, 1241.6),
)
"""Constants of Huber & Herzberg (1979), dissociation energies of Sauval & Tatum (1984)."""


def log_molecular_partition(molecule: Molecule, temperature: Tensor) -> Tensor:
    """Return the natural logarithm of a molecule's partition function at a temperature in K.

    Examples
    --------
    >>> float(log_molecular_partition(MOLECULES[1], torch.tensor(4000.0)).exp()) // 100
    26.0
    """
    x = SECOND_RADIATION / temperature
    electronic = sum(
        (weight * torch.exp(-energy * x) for weight, energy in molecule.electronic),
        start=torch.zeros_like(temperature),
    )
    symmetry = 2.0 if molecule.atoms[0] == molecule.atoms[1] else 1.0
    rotor = 1.0 / (symmetry * molecule.rotation * x)
    return torch.log(electronic * rotor / -torch.expm1(-molecule.vibration * x))


def _association(molecule: Molecule, gas: Gas) -> Tensor:
    """Return n(AB)/(n(A)·n(B)) of neutral free atoms in cm³."""
    a, b = (element_index(symbol) for symbol in molecule.atoms)
    mass_a, mass_b = elements()[a].mass, elements()[b].mass
    reduced = mass_a * mass_b / (mass_a + mass_b) * ATOMIC_MASS
    t = gas.temperature
    phase_space = 1.5 * torch.log(PLANCK**2 / (2 * torch.pi * reduced * BOLTZMANN) / t)
    log_q = log_molecular_partition(molecule, t)
    log_k = log_q - gas.log_u[..., a, 0] - gas.log_u[..., b, 0] + phase_space
    return torch.exp((log_k + molecule.dissociation / (BOLTZMANN_EV * t)).clamp(max=80.0))


def _split_pair(x: Tensor, y: Tensor, load_x: Tensor, load_y: Tensor, k: Tensor) -> Tensor:
    """Return free X where X·(load_x + k·Y) = x and Y·(load_y + k·X) = y."""
    linear = load_x * load_y + k * (y - x)
    root = torch.sqrt(linear**2 + 4 * load_x * k * x * load_y)
    small = 2 * x * load_y / (linear.abs() + root)
    large = (linear.abs() + root) / (2 * load_x * k)
    return torch.where(linear >= 0, small, large)


def _free_atoms(gas: Gas, constants: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the neutral atoms left free, per cm³, by iterating with CO and H₂ exact."""
    free: dict[str, Tensor] = {}
    budget: dict[str, Tensor] = {}
    load: dict[str, Tensor] = {}
    for symbol in ("H", "C", "N", "O", "Mg", "Si", "Ti"):
        i = element_index(symbol)
        budget[symbol] = gas.nuclei * gas.ratio[..., i]
        load[symbol] = 1.0 / gas.fraction[..., i, 0]
        free[symbol] = budget[symbol] / load[symbol]
    k_h2 = constants["H2"]
    root = torch.sqrt(load["H"] ** 2 + 8 * k_h2 * budget["H"])
    free["H"] = 2 * budget["H"] / (load["H"] + root)
    partners = [m for m in MOLECULES if m.name not in {"H2", "CO"}]
    for _ in range(_ITERATIONS):
        busy = dict(load)
        for molecule in partners:
            a, b = molecule.atoms
            busy[b] = busy[b] + constants[molecule.name] * free[a] * (2.0 if a == b else 1.0)
            if a not in {"H", b}:
                busy[a] = busy[a] + constants[molecule.name] * free[b]
        k_co = constants["CO"]
        free["C"] = _split_pair(budget["C"], budget["O"], busy["C"], busy["O"], k_co)
        free["O"] = budget["O"] / (busy["O"] + k_co * free["C"])
        for symbol in ("N", "Mg", "Si", "Ti"):
            # Halfway in the logarithm: SiO and TiO otherwise swing about the answer.
            free[symbol] = torch.sqrt(free[symbol] * budget[symbol] / busy[symbol])
    return free


def bind(gas: Gas) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Let molecules form.

    Returns
    -------
    tuple
        The molecules and the free neutral atoms of the elements they are made of, both by name
        and per cm³.
    """
    constants = {molecule.name: _association(molecule, gas) for molecule in MOLECULES}
    free = _free_atoms(gas, constants)
    bound = {
        molecule.name: constants[molecule.name] * free[molecule.atoms[0]] * free[molecule.atoms[1]]
        for molecule in MOLECULES
    }
    return bound, free
