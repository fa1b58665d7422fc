"""Saha's equation: the electrons of a gas and the stages of ionisation of its elements."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from starledger.compute.synthesis.constants import BOLTZMANN, BOLTZMANN_EV, SAHA
from starledger.compute.synthesis.elements import elements
from starledger.compute.synthesis.partition import log_partition

_NEWTON_STEPS = 10


@dataclass(frozen=True, slots=True)
class Gas:
    """The state of the gas at every depth; shapes are stars × depths (× elements × stages).

    Parameters
    ----------
    temperature
        In K.
    electrons
        Electrons per cm³.
    nuclei
        Hydrogen nuclei per cm³, free, ionised or bound.
    ratio
        Nuclei of every element per hydrogen nucleus.
    fraction
        Fraction of every element in the stages neutral, once and twice ionised.
    log_u
        Natural logarithm of the partition functions.
    """

    temperature: Tensor
    electrons: Tensor
    nuclei: Tensor
    ratio: Tensor
    fraction: Tensor
    log_u: Tensor


def _saha_ratios(temperature: Tensor, log_u: Tensor) -> Tensor:
    """Return n(r+1)·n_e/n(r) in cm⁻³ for the first two ionisations."""
    energy = temperature.new_tensor([element.ionisation for element in elements()])
    t = temperature[..., None, None]
    log_ratio = log_u[..., 1:] - log_u[..., :-1] - energy / (BOLTZMANN_EV * t)
    # The floor keeps 32-bit floats from underflowing where nothing is ionised anyway.
    ratios: Tensor = SAHA * torch.pow(t, 1.5) * torch.exp(log_ratio.clamp(min=-75.0))
    return ratios


def _electron_density(total: Tensor, ratio: Tensor, first: Tensor) -> Tensor:
    """Solve charge conservation for ln n_e by Newton's method, with once-ionised donors."""
    per_hydrogen = ratio.sum(-1)
    hydrogen = first[..., 0]
    start = torch.sqrt(hydrogen**2 + hydrogen * total) - hydrogen
    x = torch.log(start + 1e-5 * ratio[..., 2:].sum(-1) * total + 1e-12 * total)
    top = torch.log(0.499 * total)
    for _ in range(_NEWTON_STEPS):
        x = torch.minimum(x, top)
        n_e = torch.exp(x)[..., None]
        share = ratio * first / (n_e + first)
        donated = share.sum(-1)
        n_e = n_e[..., 0]
        residual = torch.log((total - n_e) / per_hydrogen * donated) - x
        bound = (share * n_e[..., None] / (n_e[..., None] + first)).sum(-1) / donated
        x = x + residual / (1.0 + bound + n_e / (total - n_e))
    return torch.exp(x)


def ionise(temperature: Tensor, pressure: Tensor, ratio: Tensor) -> Gas:
    """Return the state of a gas of given temperature, pressure and composition.

    Parameters
    ----------
    temperature, pressure
        In K and dyn/cm²; stars × depths.
    ratio
        N(X)/N(H), stars × elements.

    Examples
    --------
    The photosphere of the Sun has some 2e13 electrons and 1e17 hydrogen nuclei per cm³:

    >>> from starledger.compute.synthesis.labels import abundances, label_tensor
    >>> t, p = torch.tensor([[5800.0]]), torch.tensor([[8e4]])
    >>> gas = ionise(t.double(), p.double(), abundances(label_tensor({})))
    >>> f"{float(gas.electrons):.0e} {float(gas.nuclei):.0e}"
    '2e+13 9e+16'
    """
    total = pressure / (BOLTZMANN * temperature)
    log_u = log_partition(temperature)
    saha = _saha_ratios(temperature, log_u)
    ratio = ratio[:, None, :].expand(*temperature.shape, -1)
    n_e = _electron_density(total, ratio, saha[..., 0])
    first = saha[..., 0] / n_e[..., None]
    second = first * saha[..., 1] / n_e[..., None]
    neutral = 1.0 / (1.0 + first + second)
    fraction = torch.stack([neutral, neutral * first, neutral * second], dim=-1)
    nuclei = (total - n_e) / ratio.sum(-1)
    return Gas(temperature, n_e, nuclei, ratio, fraction, log_u)
