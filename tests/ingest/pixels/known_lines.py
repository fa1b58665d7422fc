"""Strong stellar lines found in spectra, to see whether wavelengths are right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from starledger.ingest.pixels.spectrum import ReadSpectrum

LINES = {
    "Mg b": ((5168.76, 0.8), (5174.13, 1.0), (5185.05, 1.0)),
    "Na D": ((5891.58, 1.0), (5897.56, 0.9)),
    "H alpha": ((6564.61, 1.0),),
    "Ca T1": ((8500.36, 1.0),),
    "Ca T2": ((8544.44, 1.0),),
    "Ca T3": ((8664.52, 1.0),),
}
"""Wavelengths in vacuum in Å with depths relative to each other; blends are found together."""

_LIGHT_SPEED = 299_792.458
_CORE, _CONTINUUM = 6.0, 30.0
"""Å beyond the outermost lines: where they are looked for, and up to where continuum is."""
_SIGMA = 1.6
"""Å; of a line as seen at a resolving power of 1800."""
_SHIFTS = np.linspace(-3.0, 3.0, 121)
_DETECTED = 8.0


@dataclass(frozen=True)
class Found:
    """A line that was found: where, as an offset in pixels from where it should be."""

    name: str
    offset: float


def found_lines(
    spectrum: ReadSpectrum, wavelength: NDArray[np.float64] | None = None
) -> list[Found]:
    """Return the offsets of the lines that are seen at eight times the noise or more."""
    if wavelength is None:
        wavelength = spectrum.wavelength
    stretch = 1.0 + ((spectrum.rv or 0.0) - (spectrum.frame_shift or 0.0)) / _LIGHT_SPEED
    found = []
    for name, lines in LINES.items():
        moved = np.array([[line * stretch, depth] for line, depth in lines])
        offset = _offset(wavelength, spectrum, moved)
        if offset is not None:
            found.append(Found(name, offset))
    return found


def _offset(
    wavelength: NDArray[np.float64], spectrum: ReadSpectrum, lines: NDArray[np.float64]
) -> float | None:
    """Return the shift in pixels of the lines that explains most of what is seen near them."""
    low, high = lines[0, 0], lines[-1, 0]
    if not wavelength[0] + _CONTINUUM < low <= high < wavelength[-1] - _CONTINUUM:
        return None
    near = (wavelength > low - _CONTINUUM) & (wavelength < high + _CONTINUUM)
    x, flux, ivar = wavelength[near], spectrum.pixels.flux[near], spectrum.pixels.ivar[near]
    if not (ivar > 0).all() or flux.min() <= 0:
        return None
    outside = (x < low - _CORE - 3) | (x > high + _CORE + 3)
    level = np.polyval(np.polyfit(x[outside] - low, flux[outside].astype(float), 1), x - low)
    depth = 1.0 - flux / level
    noise = max(float(np.std(depth[outside])), float(np.median(ivar**-0.5 / level)))
    inside = (x > low - _CORE) & (x < high + _CORE)
    step = float(np.median(np.diff(x)))
    away = x[inside] - lines[:, :1] - step * _SHIFTS[:, None, None]
    template = (lines[:, 1:] * np.exp(-0.5 * (away / _SIGMA) ** 2)).sum(axis=1)
    likeness = (template @ depth[inside]) / np.sqrt((template**2).sum(axis=1))
    best = int(likeness.argmax())
    if likeness[best] < _DETECTED * noise or best in {0, len(_SHIFTS) - 1}:
        return None
    return float(_SHIFTS[best])
