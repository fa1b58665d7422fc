"""Hydrogen lines of the Balmer, Paschen and Brackett series with their broad wings."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from starledger.compute.synthesis.constants import (
    BOLTZMANN_EV,
    LIGHT_SPEED,
    LINE_CROSS_SECTION,
)

_RYDBERG_EV = 13.598
_SERIES_LIMIT = 911.7634  # Å, vacuum, infinite series of hydrogen
_HIGHEST = {2: 25, 3: 25, 4: 22}
_BALMER = (0.6407, 0.1193, 0.04467, 0.02209, 0.01270, 0.008036, 0.005429, 0.003851)
_NORMAL_FIELD = 1.25e-9
_STATIC = (1.5, 27.0)
_FLAT = 4.18
_SELF_BROADENING = {3: (1180.0, 0.677), 4: (2320.0, 0.455), 5: (4208.0, 0.380)}
_BOHR_AREA = 2.8003e-17  # cm²


@dataclass(frozen=True, slots=True)
class HydrogenLine:
    """A line of hydrogen between the levels `lower` and `upper`."""

    lower: int
    upper: int

    @property
    def wavelength(self) -> float:
        """In Å, vacuum."""
        return _SERIES_LIMIT / (1 / self.lower**2 - 1 / self.upper**2)

    @property
    def oscillator_strength(self) -> float:
        """Absorption f: exact for the first Balmer lines, else Kramers' with a Gaunt factor."""
        n, m = self.lower, self.upper
        if n == 2 and m - 3 < len(_BALMER):
            return _BALMER[m - 3]
        kramers = 1.9603 / (1 / n**2 - 1 / m**2) ** 3 / (n**5 * m**3)
        return kramers * (0.87 if n == 2 else 0.90)

    @property
    def stark_constant(self) -> float:
        """K of Griem (1960): the shift in Å per unit of field is F₀K."""
        n, m = self.lower, self.upper
        exact = {(2, 3): 0.009019, (2, 4): 0.01772, (2, 5): 0.02507}
        formula = 5.5e-5 * (n * m) ** 4 / (m**2 - n**2) / (1 + 0.13 / (m - n))
        return exact.get((n, m), formula)


def hydrogen_lines(low: float, high: float) -> list[HydrogenLine]:
    """Return the lines with wavelengths in a range in Å.

    Examples
    --------
    >>> [(line.upper, round(line.wavelength, 1)) for line in hydrogen_lines(4800.0, 6600.0)]
    [(3, 6564.7), (4, 4862.7)]
    """
    every = [
        HydrogenLine(n, m) for n, highest in _HIGHEST.items() for m in range(n + 1, highest + 1)
    ]
    return [line for line in every if low <= line.wavelength <= high]


def _self_width(line: HydrogenLine, temperature: Tensor) -> Tensor:
    """Width in rad/s per hydrogen atom (Barklem, Piskunov & O'Mara 2000, A&A 363, 1091)."""
    sigma, alpha = _SELF_BROADENING.get(line.upper if line.lower == 2 else 5, (4208.0, 0.380))
    speed = 1e6 * torch.sqrt(temperature / 4733.0) * 1.4142 / 1.128
    shape = (
        2.0 * (4 / torch.pi) ** (alpha / 2) * torch.exp(torch.lgamma(torch.tensor(2 - alpha / 2)))
    )
    width: Tensor = shape * 1e6 * sigma * _BOHR_AREA * torch.pow(speed / 1e6, 1 - alpha)
    return width


def _profile(
    line: HydrogenLine, wavelength: Tensor, temperature: Tensor, electrons: Tensor, atoms: Tensor
) -> Tensor:
    """Return the profile per Å.

    The Stark profile is that of the Holtsmark field of ions and electrons, 1.5 β^-2.5 + 27 β^-4 in
    the wing (β is the shift over the normal field's), flattened inside so that its area is one;
    where thermal motion outweighs it, what the wing leaves goes into a Doppler core.
    """
    offset2 = (wavelength - line.wavelength) ** 2
    doppler2 = (line.wavelength / LIGHT_SPEED) ** 2 * 1.65e8 * temperature
    unit = _NORMAL_FIELD * electrons ** (2 / 3) * line.stark_constant
    flat2 = _FLAT**2 + doppler2 / unit**2
    beta2 = offset2 / unit**2 + flat2
    stark = (_STATIC[0] * beta2**-1.25 + _STATIC[1] * beta2**-2) / unit
    core = 1.0 - 2.3963 * _STATIC[0] * flat2**-0.75 - 0.5 * torch.pi * _STATIC[1] * flat2**-1.5
    gauss = core * torch.exp(-offset2 / doppler2) / torch.sqrt(torch.pi * doppler2)
    rate = _self_width(line, temperature) * atoms * (line.wavelength**2 * 1e-8 / LIGHT_SPEED)
    lorentz = rate / (4 * torch.pi**2) / (offset2 + doppler2)
    return stark + gauss + lorentz


def hydrogen_line_opacity(
    line: HydrogenLine, wavelength: Tensor, temperature: Tensor, electrons: Tensor, atoms: Tensor
) -> Tensor:
    """Return the opacity of a line per cm, before stimulated emission.

    Parameters
    ----------
    line
        The line.
    wavelength
        In Å, vacuum; any shape that broadcasts with the others.
    temperature, electrons, atoms
        In K, electrons and neutral hydrogen atoms per cm³.
    """
    excitation = _RYDBERG_EV * (1 - 1 / line.lower**2)
    lower = line.lower**2 * atoms * torch.exp(-excitation / (BOLTZMANN_EV * temperature))
    per_angstrom = LINE_CROSS_SECTION * line.oscillator_strength * line.wavelength**2
    profile = _profile(line, wavelength, temperature, electrons, atoms)
    return lower * profile * (per_angstrom * 1e-8 / LIGHT_SPEED)
