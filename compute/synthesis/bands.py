"""Declared synthetic bands of molecules that the line list lacks, smooth at low resolution.

Every band is the just-overlapping-line approximation of its rotational branches: sharp on the side
of its head, falling off as a Boltzmann factor on the other. Positions are those of the observed
heads, strengths are rounded literature values. They make the right elements visible at the right
places; they are not line data.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from starledger.compute.synthesis.constants import LINE_CROSS_SECTION, SECOND_RADIATION

_EDGE = 3e-4  # width of a head in ln(wavelength)


@dataclass(frozen=True, slots=True)
class Band:
    """One vibrational band of an electronic transition.

    Parameters
    ----------
    molecule
        Name as in `MOLECULES`.
    head
        Wavelength of its head in Å, air.
    strength
        Oscillator strength of the band.
    lower_energy
        Energy of its lower vibrational level in cm⁻¹.
    rotation
        Rotational constants of the upper and of the lower state in cm⁻¹; the band is degraded to
        the red where the upper is the smaller.
    weight
        Share of the molecule's states that are of the lower electronic state, statistically.
    """

    molecule: str
    head: float
    strength: float
    lower_energy: float
    rotation: tuple[float, float]
    weight: float


def _swan(head: float, strength: float, lower: int, upper: int) -> Band:
    rotation = (1.7527 - 0.0161 * (upper + 0.5), 1.6324 - 0.0166 * (lower + 0.5))
    return Band("C2", head, strength, 716.2 + 1618.0 * lower, rotation, 6.0)


def _titanium_oxide(head: float, strength: float, lower: int, upper_rotation: float) -> Band:
    return Band("TiO", head, strength, 1000.0 * lower, (upper_rotation, 0.5338), 6.0)


def _cyanogen_violet(head: float, strength: float, level: int) -> Band:
    return Band("CN", head, strength, 2050.0 * level, (1.9587, 1.8910), 2.0)


BANDS = (
    # C₂ Swan, d³Πg–a³Πu: heads of Pearse & Gaydon, f of Kokkin et al. (2007).
    _swan(5165.2, 0.0240, 0, 0),
    _swan(5129.3, 0.0130, 1, 1),
    _swan(4737.1, 0.0093, 0, 1),
    _swan(4715.2, 0.0110, 1, 2),
    _swan(4697.6, 0.0100, 2, 3),
    _swan(5635.5, 0.0070, 1, 0),
    _swan(5585.5, 0.0080, 2, 1),
    _swan(6191.2, 0.0010, 2, 0),
    # CN violet Δv = 0, B²Σ–X²Σ: the line list begins behind it.
    _cyanogen_violet(3883.4, 0.0310, 0),
    _cyanogen_violet(3871.4, 0.0280, 1),
    _cyanogen_violet(3861.9, 0.0260, 2),
    # TiO α (C³Δ–X³Δ), γ′ (B³Π–X), γ (A³Φ–X), δ, ε: heads of Jørgensen (1994), rounded f.
    _titanium_oxide(4761.0, 0.025, 0, 0.4870),
    _titanium_oxide(4954.5, 0.050, 0, 0.4880),
    _titanium_oxide(5166.8, 0.045, 0, 0.4898),
    _titanium_oxide(5448.2, 0.040, 1, 0.4898),
    _titanium_oxide(5597.0, 0.012, 1, 0.4898),
    _titanium_oxide(5847.6, 0.015, 0, 0.5060),
    _titanium_oxide(6158.5, 0.035, 0, 0.5060),
    _titanium_oxide(6651.5, 0.025, 0, 0.5059),
    _titanium_oxide(6714.0, 0.020, 0, 0.5059),
    _titanium_oxide(7054.2, 0.040, 0, 0.5059),
    _titanium_oxide(7125.6, 0.040, 0, 0.5059),
    _titanium_oxide(7589.6, 0.015, 1, 0.5059),
    _titanium_oxide(7666.0, 0.012, 1, 0.5059),
    _titanium_oxide(8432.0, 0.010, 0, 0.5130),
    _titanium_oxide(8859.6, 0.010, 0, 0.5130),
)


def band_opacity(band: Band, wavelength: Tensor, temperature: Tensor, per_state: Tensor) -> Tensor:
    """Return the opacity of a band per cm, before stimulated emission.

    Parameters
    ----------
    band
        The band.
    wavelength
        In Å, vacuum; broadcasts with the others.
    temperature
        In K.
    per_state
        Molecules per cm³ over their partition function.
    """
    upper, lower = band.rotation
    head = band.head * 1.000277
    wavenumber, origin = 1e8 / wavelength, 1e8 / head
    degraded_red = upper < lower
    distance = (origin - wavenumber) if degraded_red else (wavenumber - origin)
    scale = abs(upper - lower) / lower * temperature / SECOND_RADIATION
    edge = torch.sigmoid(distance / (origin * _EDGE))
    shape = edge * torch.exp(-distance.clamp(min=0.0) / scale) / scale
    # Rotational states of the lower level per unit of its partition function: kT/hcB.
    states = band.weight * temperature / (SECOND_RADIATION * lower)
    number = per_state * states * torch.exp(-band.lower_energy * SECOND_RADIATION / temperature)
    return LINE_CROSS_SECTION * band.strength * number * shape / 2.99792458e10
