"""The night sky and the air: emission lines, and absorption by water and oxygen."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from starledger.compute.synthesis.constants import LIGHT_SPEED_KMS

Floats = NDArray[np.float64]

_BANDS: tuple[tuple[float, float, float, float, bool], ...] = (
    (6278.0, 6314.0, 0.06, 2.0, False),
    (6869.0, 6948.0, 0.25, 2.0, False),
    (7168.0, 7340.0, 0.14, 1.0, True),
    (7595.0, 7698.0, 0.55, 2.0, False),
    (8130.0, 8345.0, 0.16, 1.0, True),
    (8940.0, 9200.0, 0.28, 1.0, True),
    (9280.0, 9800.0, 0.50, 1.0, True),
    (15150.0, 15420.0, 0.05, 1.0, True),
    (15700.0, 15830.0, 0.08, 1.5, False),
    (15990.0, 16180.0, 0.10, 1.5, False),
    (16330.0, 16520.0, 0.05, 1.5, False),
    (16700.0, 17000.0, 0.10, 1.0, True),
)
"""First and last wavelength (Å, vacuum), depth, falling power, and whether it is of water."""
_FINE_STRUCTURE = 137.0
"""Spacing in km/s of the lines within a band, near enough to those of oxygen."""


@cache
def sky_lines() -> tuple[Floats, Floats]:
    """Return wavelengths in vacuum (Å) and strengths of the lines of the night sky."""
    text = files("starledger.compute.simulate.observe").joinpath("sky_lines.csv").read_text("utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    return (
        np.array([float(row["wavelength"]) for row in rows]),
        np.array([float(row["strength"]) for row in rows]),
    )


def sky_emission(wavelength: Floats, sigma: Floats) -> Floats:
    """Return the emission lines as an instrument sees them; the strongest has a height near 1.

    Parameters
    ----------
    wavelength
        Pixels in Å, vacuum.
    sigma
        Standard deviation of the line-spread function in km/s at each pixel.

    Examples
    --------
    >>> pixels = np.arange(5560.0, 5600.0)
    >>> seen = sky_emission(pixels, np.full(40, 70.0))
    >>> float(pixels[seen.argmax()])
    5579.0
    """
    total = np.zeros_like(wavelength)
    for line, strength in zip(*sky_lines(), strict=True):
        first, past = np.searchsorted(wavelength, [line * 0.997, line * 1.003])
        near = slice(int(first), int(past))
        speed = (wavelength[near] / line - 1) * LIGHT_SPEED_KMS
        total[near] += strength * np.exp(-0.5 * (speed / sigma[near]) ** 2)
    return total


def telluric_depth(wavelength: Floats) -> tuple[Floats, Floats]:
    """Return optical depths of oxygen and of water at one airmass and mean humidity.

    Parameters
    ----------
    wavelength
        In Å, vacuum, of the observatory (not shifted to the barycentre).

    Examples
    --------
    >>> oxygen, water = telluric_depth(np.array([7610.0, 7400.0, 8200.0]))
    >>> [bool(x) for x in oxygen > 0.2], [bool(x) for x in water > 0.05]
    ([True, False, False], [False, False, True])
    """
    oxygen, water = np.zeros_like(wavelength), np.zeros_like(wavelength)
    for first, last, depth, power, wet in _BANDS:
        inside = (wavelength > first) & (wavelength < last)
        share = (wavelength[inside] - first) / (last - first)
        onset = np.clip(share / 0.04, 0.0, 1.0)
        speed = np.log(wavelength[inside] / first) * LIGHT_SPEED_KMS
        fine = 1 + 0.35 * np.cos(2 * np.pi * speed / _FINE_STRUCTURE)
        shape = depth * onset * (1 - share) ** power * fine * 1.3
        (water if wet else oxygen)[inside] += shape
    return oxygen, water
