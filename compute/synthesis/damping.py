"""Damping constants of lines: radiation, collisions with hydrogen and with electrons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from starledger.compute.synthesis.elements import elements
from starledger.compute.synthesis.species import Species, all_species

_RYDBERG_EV = 13.598
_UNSOLD_ENHANCEMENT = 2.0

_MEASURED = {
    ("Na 1", 5891.6): -7.526,
    ("Na 1", 5897.6): -7.526,
    ("Mg 1", 5168.8): -7.267,
    ("Mg 1", 5174.1): -7.267,
    ("Mg 1", 5185.0): -7.267,
    ("K 1", 7667.0): -7.445,
    ("K 1", 7701.1): -7.445,
    ("Ca 1", 4227.9): -7.562,
    ("Ca 2", 3934.8): -7.76,
    ("Ca 2", 3969.6): -7.76,
    ("Ca 2", 8500.4): -7.68,
    ("Ca 2", 8544.4): -7.68,
    ("Ca 2", 8664.5): -7.68,
}
"""log10 of the width per hydrogen atom at 10000 K (rad/s cm³) by species and wavelength in
vacuum: Barklem, Piskunov & O'Mara (2000, A&AS 142, 467), Barklem & O'Mara (1998) for Ca II."""


def radiative_width(wavelength: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the classical width in rad/s of lines at wavelengths in Å.

    Examples
    --------
    >>> f"{float(radiative_width(np.array([5000.0]))[0]):.1e}"
    '8.9e+07'
    """
    return 2.223e15 / wavelength**2


def _binding(energy: NDArray[np.float64], species: Species) -> NDArray[np.float64]:
    """Return the energy in eV that binds the electron; at least 0.5, where theory ends anyway."""
    if species.element < 0:
        return np.full_like(energy, 5.0)
    limit = elements()[species.element].ionisation[species.stage]
    return np.maximum(limit - energy, 0.5)


def _mean_square_radius(energy: NDArray[np.float64], species: Species) -> NDArray[np.float64]:
    charge = species.stage + 1 if species.element >= 0 else 1
    effective = charge**2 * _RYDBERG_EV / _binding(energy, species)
    return np.asarray(2.5 * (effective / charge) ** 2)


def hydrogen_width(
    wavelength: NDArray[np.float64], lower: NDArray[np.float64], index: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the van der Waals width per hydrogen atom at 10000 K in rad/s cm³.

    Unsöld's formula as Kurucz writes it, 4.5e-9 (Δr²)^0.4, with the usual enhancement (2 in
    width), and the values of Barklem et al. for the strongest lines.

    Parameters
    ----------
    wavelength, lower
        In Å (vacuum) and eV.
    index
        Places of the lines' absorbers in `all_species`.
    """
    width = np.empty_like(wavelength)
    upper = lower + 12398.42 / wavelength
    for i in np.unique(index):
        of_species = index == i
        species = all_species()[i]
        r2 = _mean_square_radius(upper[of_species], species)
        r2 = np.maximum(r2 - _mean_square_radius(lower[of_species], species), 1.0)
        width[of_species] = _UNSOLD_ENHANCEMENT * 4.5e-9 * r2**0.4
    for (name, at), log_width in _MEASURED.items():
        wanted = np.array([species.name == name for species in all_species()])
        width[wanted[index] & (np.abs(wavelength - at) < 0.3)] = 10**log_width
    return width


def electron_width(
    wavelength: NDArray[np.float64], lower: NDArray[np.float64], index: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the Stark width per electron in rad/s cm³, 1e-8 n⁵ for the upper level (Kurucz)."""
    width = np.empty_like(wavelength)
    upper = lower + 12398.42 / wavelength
    for i in np.unique(index):
        of_species = index == i
        effective = np.sqrt(_RYDBERG_EV / _binding(upper[of_species], all_species()[i]))
        width[of_species] = 1e-8 * effective**5
    return width
