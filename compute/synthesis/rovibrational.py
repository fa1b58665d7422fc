"""Declared synthetic lines of CO, OH and CN in the H band, from molecular constants.

The compiled line list has no molecules beyond 9150 Å. These lines lie where the constants of Huber
& Herzberg (1979) put them (good to some 0.1–1 cm⁻¹, not to what an APOGEE spectrum needs) and
have rounded strengths, so that C, N and O show in the H band; they are not line data.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from starledger.compute.synthesis.lines import LineList
from starledger.compute.synthesis.species import species_index

_EV_PER_WAVENUMBER = 1.239842e-4
_WINDOW = (15000.0, 17100.0)  # Å, vacuum
_HIGHEST_J = 80


@dataclass(frozen=True, slots=True)
class State:
    """An electronic state: energy, vibration, anharmonicity, rotation, its decline, distortion.

    All in cm⁻¹.
    """

    energy: float
    vibration: float
    anharmonicity: float
    rotation: float
    decline: float
    distortion: float

    def term(self, v: int, j: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the energy of levels above the ground state's v = 0, J = 0, but for a constant."""
        half = v + 0.5
        jj = j * (j + 1)
        vibration = self.vibration * half - self.anharmonicity * half**2
        rotation = (self.rotation - self.decline * half) * jj - self.distortion * jj**2
        return np.asarray(self.energy + vibration + rotation)


_CO = State(0.0, 2169.8136, 13.2883, 1.931281, 0.017504, 6.12e-6)
_OH = State(0.0, 3737.761, 84.8813, 18.9108, 0.7242, 1.94e-3)
_CN_GROUND = State(0.0, 2068.59, 13.087, 1.8997, 0.0174, 6.40e-6)
_CN_EXCITED = State(9245.28, 1812.56, 12.60, 1.7151, 0.0171, 5.93e-6)


@dataclass(frozen=True, slots=True)
class Branches:
    """The lines of one band: states, vibrational levels, and log10 of its f value."""

    molecule: str
    upper: State
    lower: State
    levels: tuple[int, int]
    log_f: float
    weight: float
    q_branch: bool


def _bands() -> list[Branches]:
    bands = [
        Branches(
            "CO",
            _CO,
            _CO,
            (v + 3, v),
            -7.75 + 0.9 * float(np.log10((v + 1) * (v + 2) * (v + 3) / 6)),
            1.0,
            False,
        )
        for v in range(7)
    ]
    bands += [Branches("OH", _OH, _OH, (v + 2, v), -6.3 + 0.3 * v, 2.0, False) for v in range(5)]
    bands += [
        Branches("CN", _CN_EXCITED, _CN_GROUND, (v, v + 1), -2.75 - 0.05 * v, 2.0, True)
        for v in range(4)
    ]
    return bands


def _lines_of(band: Branches) -> NDArray[np.float64]:
    """Return rows of wavelength (Å, vacuum), lower energy (eV) and log gf."""
    v_upper, v_lower = band.levels
    j = np.arange(1.0, _HIGHEST_J)
    ground = float(band.lower.term(0, np.zeros(1))[0])
    rows = []
    shifts = (-1, 0, 1) if band.q_branch else (-1, 1)
    for shift in shifts:
        low = band.lower.term(v_lower, j)
        wavenumber = band.upper.term(v_upper, j + shift) - low
        share = (j + (shift + 1) / 2) / len(shifts) * 2
        with np.errstate(divide="ignore", invalid="ignore"):
            log_gf = band.log_f + np.log10(band.weight * share)
        rows.append(np.stack([1e8 / wavenumber, (low - ground) * _EV_PER_WAVENUMBER, log_gf]))
    return np.concatenate(rows, axis=1).T


@cache
def synthetic_lines() -> LineList:
    """Return the synthetic lines of the H band.

    Examples
    --------
    The head of CO 3–0 lies near 15582 Å:

    >>> lines = synthetic_lines()
    >>> co = lines.select(lines.species == species_index("CO"))
    >>> round(float(co.wavelength.min()), -1)
    15580.0
    """
    parts, species = [], []
    for band in _bands():
        rows = _lines_of(band)
        inside = (rows[:, 0] > _WINDOW[0]) & (rows[:, 0] < _WINDOW[1]) & np.isfinite(rows[:, 2])
        parts.append(rows[inside])
        species.append(np.full(int(inside.sum()), species_index(band.molecule)))
    table = np.concatenate(parts)
    strength = np.full(len(table), 1.5)
    lines = LineList(table[:, 0], np.concatenate(species), table[:, 1], table[:, 2], strength)
    return lines.select(np.arange(len(table)))
