"""Rough shapes of spectra beyond the synthesis: hot stars, white dwarfs, cool dwarfs.

A network that must place every star from 1700 to 100 000 K needs something to see there. These are
black bodies with the right lines and bands in about the right strength and width, and no more.
"""

from __future__ import annotations

import torch
from torch import Tensor

from starledger.compute.synthesis.transfer import planck

_BALMER = (6564.6, 4862.7, 4341.7, 4102.9, 3971.2, 3890.2, 3836.5, 3798.9, 3771.7, 3751.2)
_PASCHEN = (8752.9, 8665.0, 8600.8, 8547.7, 8504.8, 8469.6)
_HELIUM_1 = (
    (4027.3, 0.5),
    (4472.7, 0.8),
    (4923.3, 0.3),
    (5017.1, 0.3),
    (5877.2, 0.8),
    (6680.0, 0.5),
)
_HELIUM_2 = ((4201.0, 0.3), (4542.8, 0.5), (4687.0, 1.0), (5413.0, 0.6))
_BALMER_JUMP = 3700.0

_BANDS = (
    # Head (Å), decay to the red (Å), depth, temperature (K) at which it is strongest.
    (4761.0, 120.0, 0.35, 3200.0),  # TiO
    (4954.0, 150.0, 0.45, 3200.0),  # TiO
    (5167.0, 180.0, 0.55, 3100.0),  # TiO
    (5448.0, 180.0, 0.50, 3000.0),  # TiO
    (5847.0, 160.0, 0.50, 3000.0),  # TiO
    (6158.0, 200.0, 0.60, 3000.0),  # TiO
    (6651.0, 200.0, 0.60, 2900.0),  # TiO
    (7054.0, 260.0, 0.75, 2900.0),  # TiO
    (7589.0, 250.0, 0.65, 2800.0),  # TiO
    (8432.0, 220.0, 0.60, 2700.0),  # TiO
    (7334.0, 220.0, 0.60, 2400.0),  # VO
    (7851.0, 200.0, 0.60, 2400.0),  # VO
    (6750.0, 120.0, 0.40, 3100.0),  # CaH
    (6382.0, 120.0, 0.30, 3000.0),  # CaH
    (8694.0, 180.0, 0.50, 2100.0),  # FeH
    (8611.0, 90.0, 0.40, 1900.0),  # CrH
)


def _lorentz(wavelength: Tensor, centre: float, width: Tensor) -> Tensor:
    return 1.0 / (1.0 + ((wavelength - centre) / width[:, None]) ** 2)


def _bump(teff: Tensor, peak: float, width: float) -> Tensor:
    """Return how strong a feature is, a bell in ln Teff."""
    return torch.exp(-0.5 * (torch.log(teff / peak) / width) ** 2)


def _hydrogen_depth(wavelength: Tensor, strength: Tensor, width: Tensor) -> Tensor:
    """Return the optical depth of Balmer and Paschen lines, narrower and weaker up the series."""
    total = torch.zeros(len(strength), len(wavelength), dtype=wavelength.dtype)
    for series, scale in ((_BALMER, 1.0), (_PASCHEN, 0.3)):
        for i, centre in enumerate(series):
            relative = scale * (1.0 - 0.07 * i)
            total = total + relative * strength[:, None] * _lorentz(
                wavelength, centre, width * relative
            )
    return total


def _helium_depth(wavelength: Tensor, neutral: Tensor, ionised: Tensor, width: Tensor) -> Tensor:
    total = torch.zeros(len(width), len(wavelength), dtype=wavelength.dtype)
    for lines, strength in ((_HELIUM_1, neutral), (_HELIUM_2, ionised)):
        for centre, relative in lines:
            line = relative * _lorentz(wavelength, centre, width)
            total = total + strength[:, None] * line
    return total


def hot_star(wavelength: Tensor, teff: Tensor, logg: Tensor) -> Tensor:
    """Return F_λ (erg s⁻¹ cm⁻² Å⁻¹) of O, B, A stars and hot subdwarfs, stars × wavelengths.

    Parameters
    ----------
    wavelength
        In Å, vacuum; one dimension.
    teff, logg
        In K, 7000–60000, and dex, 2–6.5; per star.

    Examples
    --------
    >>> at = torch.tensor([4700.0, 4862.7])
    >>> star = hot_star(at, torch.tensor([9500.0]), torch.tensor([4.0]))[0]
    >>> bool(star[1] < 0.5 * star[0])
    True
    """
    balmer = 1.1 * _bump(teff, 9500.0, 0.45) + 0.15
    width = 9.0 * 10 ** (0.25 * (logg - 4.0)) * _bump(teff, 9500.0, 0.6).clamp(min=0.25)
    narrow = 1.5 * 10 ** (0.15 * (logg - 4.0))
    helium = _helium_depth(
        wavelength, 0.5 * _bump(teff, 20000.0, 0.35), 0.5 * _bump(teff, 45000.0, 0.25), narrow
    )
    blue = torch.sigmoid((_BALMER_JUMP - wavelength) / 25.0)
    jump = 0.9 * _bump(teff, 10000.0, 0.45)[:, None] * blue
    depth = _hydrogen_depth(wavelength, balmer, width) + helium + jump
    return torch.pi * planck(wavelength, teff[:, None]) * torch.exp(-depth)


def white_dwarf(wavelength: Tensor, teff: Tensor, logg: Tensor, helium: Tensor) -> Tensor:
    """Return F_λ of white dwarfs of type DA and DB, stars × wavelengths.

    Parameters
    ----------
    wavelength
        In Å, vacuum; one dimension.
    teff, logg
        In K, 4000–100000, and dex, 7–9.5; per star.
    helium
        Whether a star has an atmosphere of helium (DB, DC when cool), not of hydrogen; per star.

    Examples
    --------
    >>> at, two = torch.tensor([4862.7, 4472.7]), torch.tensor([15000.0, 15000.0])
    >>> da, db = white_dwarf(at, two, torch.tensor([8.0, 8.0]), torch.tensor([False, True]))
    >>> bool(da[0] < da[1]), bool(db[1] < db[0])
    (True, True)
    """
    pure = helium.to(teff.dtype)
    balmer = (1 - pure) * 1.2 * _bump(teff, 12500.0, 0.55)
    width = 28.0 * 10 ** (0.2 * (logg - 8.0)) * _bump(teff, 12500.0, 0.9).clamp(min=0.3)
    neutral = pure * 1.0 * _bump(teff, 20000.0, 0.30)
    ionised = pure * 0.8 * _bump(teff, 55000.0, 0.35)
    depth = _hydrogen_depth(wavelength, balmer, width)
    depth = depth + _helium_depth(wavelength, neutral, ionised, 0.6 * width)
    return torch.pi * planck(wavelength, teff[:, None]) * torch.exp(-depth)


def cool_dwarf(wavelength: Tensor, teff: Tensor, logg: Tensor, fe_h: Tensor) -> Tensor:
    """Return F_λ of M and L dwarfs, stars × wavelengths.

    Parameters
    ----------
    wavelength
        In Å, vacuum; one dimension.
    teff, logg, fe_h
        In K, 1700–3800, and dex; per star. Sodium, potassium and the hydrides grow with gravity,
        the oxides with metallicity.

    Examples
    --------
    >>> at = torch.tensor([7040.0, 7070.0])
    >>> m6 = cool_dwarf(at, torch.tensor([2900.0]), torch.tensor([5.0]), torch.tensor([0.0]))[0]
    >>> bool(m6[1] < 0.7 * m6[0])
    True
    """
    depth = torch.zeros(len(teff), len(wavelength), dtype=wavelength.dtype)
    oxides = 10 ** (0.4 * fe_h)
    for head, decay, strength, peak in _BANDS:
        beyond = wavelength - head * 1.000277
        shape = torch.sigmoid(beyond / 3.0) * torch.exp(-beyond.clamp(min=0.0) / decay)
        depth = depth + (2 * strength * _bump(teff, peak, 0.22) * oxides)[:, None] * shape
    pressure = 10 ** (0.3 * (logg - 5.0))
    cold = (3800.0 / teff) ** 3
    for centre, width in ((5893.0, 12.0), (7683.0, 16.0), (8197.0, 3.0)):
        depth = depth + cold[:, None] * _lorentz(wavelength, centre, width * pressure * cold)
    return torch.pi * planck(wavelength, teff[:, None]) * torch.exp(-depth)
