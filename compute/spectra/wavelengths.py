"""Air and vacuum wavelengths: the one place where they are converted."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_INVERSION_STEPS = 4


def refractive_index(vacuum: ArrayLike) -> NDArray[np.float64]:
    """Return the refractive index of standard air (Ciddor 1996, Appl. Opt. 35, 1566).

    Parameters
    ----------
    vacuum
        Wavelengths in vacuum in Å, 2000–25000.

    Examples
    --------
    >>> round(float(refractive_index(5000.0)), 8)
    1.00027897
    """
    wavenumber = (1e4 / np.asarray(vacuum, dtype=np.float64)) ** 2
    return np.asarray(
        1.0 + 0.05792105 / (238.0185 - wavenumber) + 0.00167917 / (57.362 - wavenumber)
    )


def vacuum_to_air(vacuum: ArrayLike) -> NDArray[np.float64]:
    """Return wavelengths in air of wavelengths in vacuum, both in Å.

    Examples
    --------
    >>> round(float(vacuum_to_air(6564.614)), 3)
    6562.801
    """
    return np.asarray(np.asarray(vacuum, dtype=np.float64) / refractive_index(vacuum))


def air_to_vacuum(air: ArrayLike) -> NDArray[np.float64]:
    """Return wavelengths in vacuum of wavelengths in air, both in Å: `vacuum_to_air` inverted.

    Examples
    --------
    >>> round(float(air_to_vacuum(5889.951)), 3)
    5891.583
    """
    air = np.asarray(air, dtype=np.float64)
    vacuum = air
    for _ in range(_INVERSION_STEPS):
        vacuum = air * refractive_index(vacuum)
    return vacuum
