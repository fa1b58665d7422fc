"""Magnitudes of stars from their temperature, metallicity and luminosity.

The bolometric correction is that of Andrae et al. (2018, their table 4), the colours are the
rounded ones of ``photometry.csv`` with the metallicity term of Mucciarelli et al. (2021): good to
some 0.05 mag, which is enough for a simulated survey and for a first spectroscopic parallax.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator

from starledger.compute.simulate.population.isochrones import SOLAR_TEFF
from starledger.compute.simulate.population.tracks import Array

BANDS = ("g", "bp", "rp", "j", "h", "ks")
"""The bands: Gaia DR3 G, BP and RP, 2MASS J, H and Ks, all on the Vega scale."""

EXTINCTION = dict(zip(BANDS, (0.836, 1.083, 0.634, 0.287, 0.181, 0.117), strict=True))
"""A_band / A_V of a star like the Sun behind little dust (O'Donnell 1994, R_V = 3.1)."""

SOLAR_BOLOMETRIC_MAGNITUDE = 4.74
"""Absolute bolometric magnitude of the Sun (IAU 2015 B2)."""

_WARM_CORRECTION = (-7.197e-15, 2.859e-11, -6.647e-8, 6.731e-5, 6.000e-2)
_COOL_CORRECTION = (-4.183e-14, -8.966e-11, 3.737e-7, 1.977e-3, 1.749)


@cache
def _colours() -> PchipInterpolator:
    folder = files("starledger.compute.simulate.population")
    text = folder.joinpath("photometry.csv").read_text("utf-8")
    rows = list(csv.reader(line for line in text.splitlines() if not line.startswith("#")))[1:]
    table = np.array(rows, dtype=np.float64)
    return PchipInterpolator(np.log10(table[:, 0]), table[:, 1:])


def bolometric_correction(teff: Array) -> Array:
    """Return BC_G in mag, held constant below 3300 K and above 8000 K.

    Examples
    --------
    >>> float(bolometric_correction(np.array(5772.0)).round(2))
    0.06
    """
    teff = np.clip(teff, 3300.0, 8000.0)
    warmer = teff - SOLAR_TEFF
    warm, cool = (np.polyval(c, warmer) for c in (_WARM_CORRECTION, _COOL_CORRECTION))
    return np.asarray(np.where(teff > 4000.0, warm, cool))


def absolute_magnitudes(teff: Array, fe_h: Array, luminosity: Array) -> Array:
    """Return absolute magnitudes without extinction.

    Parameters
    ----------
    teff, fe_h, luminosity
        In K, dex and solar luminosities.

    Returns
    -------
    Array
        Stars × `BANDS` in mag.

    Examples
    --------
    >>> absolute_magnitudes(np.array([5772.0]), np.array([0.0]), np.array([1.0])).round(1)
    array([[4.7, 5. , 4.2, 3.7, 3.3, 3.3]])
    """
    bolometric = SOLAR_BOLOMETRIC_MAGNITUDE - 2.5 * np.log10(luminosity)
    g = bolometric - bolometric_correction(teff)
    colours = _colours()(np.log10(np.clip(teff, 3000.0, 10_000.0)))
    bp_rp, g_rp, g_ks, j_h, h_ks = np.moveaxis(colours, -1, 0)
    # Lines of metals dim the blue most.
    bp_rp = bp_rp + 0.03 * np.asarray(fe_h)
    rp, ks = g - g_rp, g - g_ks
    return np.stack([g, rp + bp_rp, rp, ks + h_ks + j_h, ks + h_ks, ks], axis=-1)


def apparent_magnitudes(absolute: Array, distance: Array, a_v: Array) -> Array:
    """Return the magnitudes of stars behind dust.

    Parameters
    ----------
    absolute
        Stars × `BANDS` in mag.
    distance, a_v
        In pc and mag.

    Examples
    --------
    >>> apparent_magnitudes(np.zeros((1, 6)), np.array([100.0]), np.array([1.0]))[0, :2].tolist()
    [5.836, 6.083]
    """
    dimming = np.asarray(a_v)[:, None] * np.array([EXTINCTION[band] for band in BANDS])
    return np.asarray(absolute + 5 * np.log10(np.asarray(distance) / 10.0)[:, None] + dimming)


def added_magnitudes(one: Array, other: Array) -> Array:
    """Return the magnitudes of two sources seen as one; infinite is dark.

    Examples
    --------
    >>> float(added_magnitudes(np.array(10.0), np.array(10.0)).round(2))
    9.25
    """
    fainter = np.maximum(one, other) - np.minimum(one, other)
    return np.asarray(np.minimum(one, other) - 2.5 * np.log10(1 + 10 ** (-0.4 * fainter)))


class SloanMagnitudes(NamedTuple):
    """Magnitudes in the Sloan bands (AB)."""

    g: Array
    r: Array
    i: Array


def sloan_magnitudes(magnitudes: Array) -> SloanMagnitudes:
    """Return Sloan g, r and i from Gaia's bands (Gaia DR3 documentation, table 5.9).

    Parameters
    ----------
    magnitudes
        Stars × `BANDS`, reddened or not.

    Examples
    --------
    >>> sun = np.array([[4.67, 5.0, 4.18, 3.7, 3.3, 3.3]])
    >>> [float(band[0].round(1)) for band in sloan_magnitudes(sun)]
    [5.1, 4.7, 4.5]
    """
    g, colour = magnitudes[:, 0], np.clip(magnitudes[:, 1] - magnitudes[:, 2], 0.0, 4.0)
    fits = (
        (0.006360, -0.1548, -0.6365, 0.2199),
        (0.02263, -0.1701, 0.1907, 0.08592, -0.09837),
        (-0.002104, -0.09609, 0.6404, -0.2930),
    )
    return SloanMagnitudes(*(np.asarray(g - np.polyval(fit, colour)) for fit in fits))
