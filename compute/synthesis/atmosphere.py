"""A plane-parallel atmosphere: temperature by formula, pressure by hydrostatic equilibrium."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from starledger.compute.synthesis.constants import ATOMIC_MASS
from starledger.compute.synthesis.continuous import continuous_opacity
from starledger.compute.synthesis.elements import elements
from starledger.compute.synthesis.ionisation import Gas, ionise
from starledger.compute.synthesis.labels import abundances, label_index
from starledger.compute.synthesis.molecules import bind

REFERENCE_WAVELENGTH = 5000.0  # Å
_PRESSURE_STEPS = 14


@dataclass(frozen=True, slots=True)
class Atmosphere:
    """What the line formation needs to know of the atmospheres; stars × depths.

    Parameters
    ----------
    optical_depth
        Continuum optical depth at 5000 Å of the depths (one dimension).
    gas
        Temperature, electrons and ionisation.
    hydrogen
        Free neutral hydrogen atoms per cm³.
    atoms
        Neutral atoms of every element not bound in molecules per cm³, × elements.
    molecules
        Molecules per cm³ by name.
    reference_opacity
        Continuous opacity at 5000 Å per cm.
    """

    optical_depth: Tensor
    gas: Gas
    hydrogen: Tensor
    atoms: Tensor
    molecules: dict[str, Tensor]
    reference_opacity: Tensor


def depth_grid(dtype: torch.dtype = torch.float64) -> Tensor:
    """Return ln τ(5000 Å) of the depths, finest where the continuum forms.

    Examples
    --------
    >>> len(depth_grid())
    26
    """
    log_tau = torch.cat([torch.arange(-5.6, -3.0, 0.4), torch.arange(-3.2 + 0.25, 1.6, 0.25)])
    return (log_tau * 2.302585092994046).to(dtype)


def temperature_profile(teff: Tensor, fe_h: Tensor, log_tau: Tensor) -> Tensor:
    """Return T(τ) in K, stars × depths.

    The grey T⁴ = ¾ Teff⁴ (τ + q(τ)) with the solar q of Krishna Swamy (1966, ApJ 145, 174). Two
    corrections follow model atmospheres: line blanketing cools the outer layers, by 3.5 % per
    decade above τ = 0.01 at solar metallicity, and convection flattens the deep ones of stars
    cooler than about 7200 K.

    Examples
    --------
    >>> sun = torch.tensor([5777.0]), torch.tensor([0.0])
    >>> profile = temperature_profile(*sun, torch.log(torch.tensor([1e-4, 2 / 3, 10.0])))
    >>> [round(t, -2) for t in profile[0].tolist()]
    [4300.0, 6300.0, 8800.0]
    """
    tau = torch.exp(log_tau)
    convective = torch.sigmoid((7200.0 - teff) / 300.0)[:, None]
    deep = tau / (1 + convective * tau / 14.0)
    hopf = 1.39 - 0.815 * torch.exp(-2.54 * tau) - 0.025 * torch.exp(-30.0 * tau)
    decades = torch.nn.functional.softplus((-4.6 - log_tau) * 2.0) / 2.0 / 2.302585
    cooling = 0.035 * torch.pow(10.0, 0.25 * fe_h)[:, None] * decades
    return teff[:, None] * (0.75 * (deep + hopf)) ** 0.25 * (1 - cooling)


def _opacity_at_reference(gas: Gas) -> Tensor:
    at = gas.temperature.new_tensor([REFERENCE_WAVELENGTH])
    hydrogen = gas.nuclei * gas.fraction[..., 0, 0]
    return continuous_opacity(at, gas.temperature, gas.electrons, hydrogen)[..., 0]


def _hydrostatic(temperature: Tensor, gravity: Tensor, ratio: Tensor, log_tau: Tensor) -> Gas:
    """Integrate dP/dτ = g ρ/κ, iterating on the opacity.

    The unknown is P²: its derivative 2 g τ P ρ/κ depends little on P, which makes the iteration
    converge.
    """
    mass = temperature.new_tensor([element.mass for element in elements()]) * ATOMIC_MASS
    per_nucleus = (ratio * mass).sum(-1)[:, None]
    tau = torch.exp(log_tau)
    pressure = 1e5 * (gravity[:, None] / 2.75e4) ** 0.6 * tau**0.6 + torch.zeros_like(temperature)
    step = torch.diff(log_tau)
    for _ in range(_PRESSURE_STEPS):
        gas = ionise(temperature, pressure, ratio)
        slope = gravity[:, None] * gas.nuclei * per_nucleus / _opacity_at_reference(gas)
        integrand = 2 * pressure * slope * tau
        # Above the first depth the opacity is taken proportional to pressure.
        first = integrand[:, :1]
        rise = 0.5 * (integrand[:, 1:] + integrand[:, :-1]) * step
        squared = torch.cat([first, first + torch.cumsum(rise, dim=1)], dim=1)
        pressure = torch.sqrt(squared)
    return ionise(temperature, pressure, ratio)


def build_atmosphere(labels: Tensor) -> Atmosphere:
    """Return the atmospheres of a batch of stars.

    Parameters
    ----------
    labels
        Stars × `SYNTHESIS_LABELS`.

    Examples
    --------
    >>> from starledger.compute.synthesis.labels import label_tensor
    >>> dwarf, giant = build_atmosphere(label_tensor({"logg": [4.5, 2.5]})).gas.electrons[:, 15]
    >>> bool(dwarf > 5 * giant)
    True
    """
    log_tau = depth_grid(labels.dtype).to(labels.device)
    ratio = abundances(labels)
    teff, fe_h = labels[:, label_index("teff")], labels[:, label_index("fe_h")]
    temperature = temperature_profile(teff, fe_h, log_tau)
    gravity = torch.pow(10.0, labels[:, label_index("logg")])
    gas = _hydrostatic(temperature, gravity, ratio, log_tau)
    molecules, free = bind(gas)
    atoms = [
        free.get(element.symbol, gas.nuclei * gas.ratio[..., i] * gas.fraction[..., i, 0])
        for i, element in enumerate(elements())
    ]
    reference = _opacity_at_reference(gas)
    return Atmosphere(
        torch.exp(log_tau), gas, free["H"], torch.stack(atoms, dim=-1), molecules, reference
    )
