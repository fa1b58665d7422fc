"""How a spectrum is read between its pixels, so that a shift blurs it as little as can be.

Lines of a spectrograph are hardly wider than two pixels. What interpolates them well leans on that:
the factors of the neighbours are those of the best linear prediction (kriging) of a curve whose
covariance is that of unresolved lines, on top of a cubic, which is therefore read exactly. They
are polynomials of the place between two pixels. Cubic convolution over six neighbours (Keys 1981,
IEEE Trans. ASSP 29, 1153) blurs LAMOST's lines four times as much, which makes stars look as if
they turned more slowly and their lines were more saturated.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

BEFORE, AFTER = 4, 5
"""Neighbours before and after the pixel just before the place that is read."""
TAPS = BEFORE + 1 + AFTER

_Floats = NDArray[np.float64]

_LINE = 1.1
"""Standard deviation of an unresolved line in pixels."""
_TREND = 3
"""Degree of the polynomials that are read exactly."""
_DEGREE = 9
"""Degree of the factors as polynomials of the place."""


def kernel(t: Tensor) -> tuple[Tensor, ...]:
    """Return the factors of the neighbours at a part 0–1 between the two in the middle."""
    place = 2.0 * t - 1.0
    return tuple(_horner(factors, place) for factors in _FACTORS)


def kernel_slope(t: Tensor) -> tuple[Tensor, ...]:
    """Return the derivatives of the factors by how far the star moved, in pixels."""
    # The velocity moves the pixel towards shorter wavelengths: towards smaller t.
    place = 2.0 * t - 1.0
    return tuple(_horner(factors, place) for factors in _SLOPES)


def _horner(factors: list[float], place: Tensor) -> Tensor:
    value = place * factors[0] + factors[1]
    for factor in factors[2:]:
        value.mul_(place).add_(factor)
    return value


def _predicted(part: float) -> _Floats:
    """Return the factors of the best prediction at a part between the two in the middle."""
    neighbours = np.arange(-BEFORE, AFTER + 1.0)
    # Lines of a width have a covariance that is √2 times as wide.
    cover = np.exp(-((neighbours[:, None] - neighbours) ** 2) / (4.0 * _LINE**2))
    trend = np.vander(neighbours, _TREND + 1)
    bound = np.zeros((_TREND + 1, _TREND + 1))
    wanted = np.exp(-((neighbours - part) ** 2) / (4.0 * _LINE**2))
    exactly = np.vander([part], _TREND + 1)[0]
    system = np.block([[cover, trend], [trend.T, bound]])
    return np.asarray(np.linalg.solve(system, np.concatenate([wanted, exactly]))[:TAPS])


def _polynomials() -> _Floats:
    """Return the factors as polynomials of a place from −1 to 1: taps × powers, highest first.

    They are exact on the two pixels: from one gap between pixels to the next they go on evenly.
    """
    places = np.cos(np.pi * np.arange(_DEGREE + 1) / _DEGREE)
    values = np.stack([_predicted(float(place + 1.0) / 2.0) for place in places])
    return np.asarray(np.linalg.solve(np.vander(places), values).T)


_FACTORS: list[list[float]] = _polynomials().tolist()
_SLOPES: list[list[float]] = [(-2.0 * np.polyder(factors)).tolist() for factors in _FACTORS]
